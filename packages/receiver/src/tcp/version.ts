import { magic, recordHeaderLength } from '@streamer/protocol'

/**
 * What a server speaks, by the first bytes that it sends. In version 1 these are a length of 64 bits, of which the bytes 4 to 7 are 0: no frame has 4 GiB.
 * In version 2 they are the header of a welcome or a refusal, with the length of its body there, which is never 0.
 * @returns undefined as long as that cannot be told.
 */
export function versionOf(head: Buffer): 1 | 2 | undefined {
  if (head.length > 0 && head[0] !== magic) return 1
  if (head.length < recordHeaderLength) return undefined
  return head.readUInt32LE(4) === 0 ? 1 : 2
}
