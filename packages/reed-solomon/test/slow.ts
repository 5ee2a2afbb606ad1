/*
 * The code once more, written from the README alone and for the eye: one bit at a time, one byte at a time, no tables but of inverses, and repairs by solving
 * linear equations. It shares nothing with the sources.
 */

export function multiply(a: number, b: number): number {
  let product = 0
  for (let bit = 7; bit >= 0; bit--) {
    product <<= 1
    if (product & 0x100) product ^= 0x11d
    if ((b >> bit) & 1) product ^= a
  }
  return product
}

const all = Array.from({ length: 256 }, (_, value) => value)
const inverses = all.map((a) => all.find((b) => multiply(a, b) === 1) ?? Number.NaN)

function coefficient(data: number, parity: number): number {
  return inverses[data ^ (255 - parity)]!
}

/** The shards of a frame, the last filled up with zeros. */
export function shardsOf(frame: Uint8Array, shardBytes: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(frame.length / shardBytes) }, (_, n) => {
    const shard = new Uint8Array(shardBytes)
    shard.set(frame.subarray(n * shardBytes, (n + 1) * shardBytes))
    return shard
  })
}

/** Parity shards of a block of equal data shards. */
export function slowParity(data: readonly Uint8Array[], count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, j) => sumOf(data.map((shard, i) => [coefficient(i, j), shard])))
}

function sumOf(terms: readonly (readonly [number, Uint8Array])[]): Uint8Array {
  const sum = new Uint8Array(terms[0]![1].length)
  for (const [factor, shard] of terms) {
    for (let at = 0; at < sum.length; at++) sum[at]! ^= multiply(factor, shard[at]!)
  }
  return sum
}

/** All data, from any `count` shards: index and bytes, where parity shard j has the index `count + j`. */
export function slowRepair(count: number, shards: readonly (readonly [number, Uint8Array])[]): Uint8Array[] {
  const equations = shards.map(([index, bytes]) => ({
    factors: Array.from({ length: count }, (_, i) =>
      index < count ? Number(i === index) : coefficient(i, index - count)
    ),
    bytes
  }))
  for (let i = 0; i < count; i++) {
    const found = equations.findIndex(({ factors }, row) => row >= i && factors[i] !== 0)
    const [pivot] = equations.splice(found, 1)
    const scale = inverses[pivot!.factors[i]!]!
    const factors = pivot!.factors.map((factor) => multiply(scale, factor))
    equations.splice(i, 0, { factors, bytes: sumOf([[scale, pivot!.bytes]]) })
    for (let row = 0; row < count; row++) {
      const factor = equations[row]!.factors[i]!
      if (row === i || factor === 0) continue
      equations[row] = {
        factors: equations[row]!.factors.map((value, n) => value ^ multiply(factor, factors[n]!)),
        bytes: sumOf([
          [1, equations[row]!.bytes],
          [factor, equations[i]!.bytes]
        ])
      }
    }
  }
  return equations.map(({ bytes }) => bytes)
}
