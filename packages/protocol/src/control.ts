/** Shards that one request may name. */
export const maxResend = 64
/** Bytes of a path challenge and its response. */
export const challengeLength = 8

/** Why a side ends a connection. */
export const ByeReason = { done: 0, stopping: 1, silent: 2, revoked: 3 } as const

/** The body of a request for lost shards. @param indices at most 64. */
export function writeResend(frameId: number, indices: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(5 + 2 * indices.length)
  bytes.writeUInt32LE(frameId >>> 0, 0)
  bytes[4] = indices.length
  for (const [position, index] of indices.entries()) bytes.writeUInt16LE(index, 5 + 2 * position)
  return bytes
}

/** Reads a request for lost shards; undefined when it is none, or names more than it may. */
export function readResend(
  body: Buffer
): { readonly frameId: number; readonly indices: readonly number[] } | undefined {
  const count = body[4]
  if (count === undefined || count === 0 || count > maxResend || body.length !== 5 + 2 * count) return undefined
  return {
    frameId: body.readUInt32LE(0),
    indices: Array.from({ length: count }, (_, position) => body.readUInt16LE(5 + 2 * position))
  }
}
