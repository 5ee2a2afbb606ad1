import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { encodeParity, repairData } from '../src/index.js'
import { multiply, shardsOf, slowParity } from './slow.js'

interface Vector {
  readonly name: string
  readonly shardBytes: number
  /** The whole frame in hexadecimal digits. */
  readonly data: string
  readonly blocks: number
  /** For each block its parity shards. */
  readonly parity: readonly (readonly string[])[]
}

const vectors = JSON.parse(readFileSync(new URL('vectors.json', import.meta.url), 'utf8')) as Vector[]

const hex = (shards: readonly Uint8Array[]) => shards.map((shard) => Buffer.from(shard).toString('hex'))

it('the field is that of 0x11d', () => {
  expect(multiply(0x80, 2)).toBe(0x1d)
  expect(multiply(0x53, 0x8c)).toBe(multiply(0x8c, 0x53))
  // 1/255 is the first coefficient of all.
  expect(multiply(255, 0xfd)).toBe(1)
})

describe.each(vectors)('$name', ({ shardBytes, data, blocks, parity }) => {
  const frame = Buffer.from(data, 'hex')
  const all = shardsOf(frame, shardBytes)

  it.each(parity.map((expected, block) => [block, expected] as const))(
    'has this parity in block %i',
    (block, expected) => {
      const ofBlock = all.filter((_, n) => n % blocks === block)
      expect(hex(slowParity(ofBlock, expected.length))).toEqual(expected)

      const made = expected.map(() => new Uint8Array(shardBytes).fill(0x55))
      encodeParity(frame, shardBytes, made, block, blocks)
      expect(hex(made)).toEqual(expected)
    }
  )

  it.each(parity.map((given, block) => [block, given] as const))('is repaired by it in block %i', (block, given) => {
    const ofBlock = all.filter((_, n) => n % blocks === block)
    const lost = Math.min(given.length, ofBlock.length)
    const rebuilt = ofBlock.map((shard) => new Uint8Array(shard.length))
    const came = ofBlock.map((shard, i) => (i < lost ? undefined : shard))
    expect(
      repairData(
        came,
        given.map((shard) => Buffer.from(shard, 'hex')),
        shardBytes,
        rebuilt
      )
    ).toBe(true)
    expect(hex(rebuilt.slice(0, lost))).toEqual(hex(ofBlock.slice(0, lost)))
  })
})
