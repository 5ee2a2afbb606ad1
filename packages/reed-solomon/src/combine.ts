import { doubled, logarithms, powers } from './field.js'

/**
 * A shard and its place in the code. What a source adds to a target is its bytes times
 * `2^source.weight / (2^target.weight * (source.point XOR target.point))`.
 */
export interface Place {
  /** A source may be shorter than the shards of its block, and is zero beyond; a target may be shorter too. */
  readonly bytes: Uint8Array
  /** 0 to 255, different for every shard of a block. */
  readonly point: number
  /** A logarithm, 0 to 254. */
  readonly weight: number
}

/*
 * Multiplication looks up each byte of a source in a table of 256 numbers that hold its products for four targets, so that one look-up
 * and one XOR do four of them. The table of one source and four targets is filled by 256 XORs just before it is used. Tables that are kept make
 * encoding up to a quarter faster, but are 8 MiB for all shapes, and of no use to repairs, whose coefficients depend on what was lost.
 *
 * All arrays of the inner loops are constants of this module with fixed lengths: the compiler then knows that a byte cannot index beyond 256
 * entries and leaves the check out. Sources are copied into such an array for the same reason (a frame may be a Buffer or a Uint8Array,
 * begin anywhere and end within a shard); reading them where they are is a fifth slower.
 */

/** Longer shards are combined piece by piece. Room for a datagram in an Ethernet frame. */
const pieceBytes = 2048
const second = pieceBytes
const third = 2 * pieceBytes
const fourth = 3 * pieceBytes

/** Pieces of up to four sources; afterwards that of a target. */
const pieces = new Uint8Array(4 * pieceBytes)
/** Sums for four targets each. */
const sums = new Uint32Array(pieceBytes)
const moreSums = new Uint32Array(pieceBytes)

const tableA = new Uint32Array(256)
const tableB = new Uint32Array(256)
const tableC = new Uint32Array(256)
const tableD = new Uint32Array(256)

/** Writes to each target the sum of all sources with their coefficients. Sources and targets must not overlap. */
export function combine(sources: readonly Place[], targets: readonly Place[], shardBytes: number): void {
  for (let from = 0; from < shardBytes; from += pieceBytes) {
    const length = Math.min(pieceBytes, shardBytes - from)
    for (let first = 0; first < targets.length; first += 8) {
      if (targets.length - first > 4) {
        combineEight(sources, targets, first, from, length)
        store(moreSums, targets, first + 4, from, length)
      } else combineFour(sources, targets, first, from, length)
      store(sums, targets, first, from, length)
    }
  }
}

/** Up to four targets, from four sources at a time. */
function combineFour(
  sources: readonly Place[],
  targets: readonly Place[],
  first: number,
  from: number,
  length: number
): void {
  sums.fill(0, 0, length)
  for (let index = 0; index < sources.length; index += 4) {
    fillTable(tableA, sources[index], targets, first)
    fillTable(tableB, sources[index + 1], targets, first)
    fillTable(tableC, sources[index + 2], targets, first)
    fillTable(tableD, sources[index + 3], targets, first)
    load(sources[index], 0, from, length)
    load(sources[index + 1], second, from, length)
    load(sources[index + 2], third, from, length)
    load(sources[index + 3], fourth, from, length)
    addFour(length)
  }
}

/** Five to eight targets, from two sources at a time, so that a byte is read once for all of them. */
function combineEight(
  sources: readonly Place[],
  targets: readonly Place[],
  first: number,
  from: number,
  length: number
): void {
  sums.fill(0, 0, length)
  moreSums.fill(0, 0, length)
  for (let index = 0; index < sources.length; index += 2) {
    fillTable(tableA, sources[index], targets, first)
    fillTable(tableB, sources[index + 1], targets, first)
    fillTable(tableC, sources[index], targets, first + 4)
    fillTable(tableD, sources[index + 1], targets, first + 4)
    load(sources[index], 0, from, length)
    load(sources[index + 1], second, from, length)
    addEight(length)
  }
}

function addFour(length: number): void {
  for (let at = 0; at < length; at++) {
    sums[at]! ^=
      tableA[pieces[at]!]! ^
      tableB[pieces[second + at]!]! ^
      tableC[pieces[third + at]!]! ^
      tableD[pieces[fourth + at]!]!
  }
}

function addEight(length: number): void {
  for (let at = 0; at < length; at++) {
    const one = pieces[at]!
    const other = pieces[second + at]!
    sums[at]! ^= tableA[one]! ^ tableB[other]!
    moreSums[at]! ^= tableC[one]! ^ tableD[other]!
  }
}

/** Copies what there is of a source into its place in `pieces`. One that is not there has a table of zeros, so any bytes will do. */
function load(source: Place | undefined, to: number, from: number, length: number): void {
  if (source === undefined) return
  const { bytes } = source
  const there = Math.max(0, Math.min(length, bytes.length - from))
  pieces.set(there === bytes.length ? bytes : bytes.subarray(from, from + there), to)
  if (there < length) pieces.fill(0, to + there, to + length)
}

/** Fills a table with the products of every byte for the four targets from `first` on, that of the first target in the lowest byte. */
function fillTable(table: Uint32Array, source: Place | undefined, targets: readonly Place[], first: number): void {
  let multiple = 0
  if (source !== undefined) {
    for (let index = Math.min(first + 3, targets.length - 1); index >= first; index--) {
      multiple = (multiple << 8) | coefficient(source, targets[index]!)
    }
  }
  for (let bit = 1; bit < 16; bit <<= 1) {
    for (let byte = 0; byte < bit; byte++) table[bit + byte] = table[byte]! ^ multiple
    multiple = doubled(multiple)
  }
  // The rest is the same 16 entries with the multiples of the upper bits, sixteen rows at once.
  const m16 = multiple
  const m32 = doubled(m16)
  const m64 = doubled(m32)
  const m128 = doubled(m64)
  const m96 = m32 ^ m64
  for (let byte = 0; byte < 16; byte++) {
    const low = table[byte]!
    const high = low ^ m128
    table[16 + byte] = low ^ m16
    table[32 + byte] = low ^ m32
    table[48 + byte] = low ^ m32 ^ m16
    table[64 + byte] = low ^ m64
    table[80 + byte] = low ^ m64 ^ m16
    table[96 + byte] = low ^ m96
    table[112 + byte] = low ^ m96 ^ m16
    table[128 + byte] = high
    table[144 + byte] = high ^ m16
    table[160 + byte] = high ^ m32
    table[176 + byte] = high ^ m32 ^ m16
    table[192 + byte] = high ^ m64
    table[208 + byte] = high ^ m64 ^ m16
    table[224 + byte] = high ^ m96
    table[240 + byte] = high ^ m96 ^ m16
  }
}

function coefficient(source: Place, target: Place): number {
  const distance = logarithms[source.point ^ target.point]!
  return powers[(source.weight - target.weight - distance + 510) % 255]!
}

/** Takes the sums of up to four targets apart and copies them there. */
function store(from: Uint32Array, targets: readonly Place[], first: number, at: number, length: number): void {
  const count = Math.min(4, targets.length - first)
  for (let index = 0; index < count; index++) {
    const { bytes } = targets[first + index]!
    const wanted = Math.min(length, bytes.length - at)
    if (wanted <= 0) continue
    const shift = 8 * index
    for (let byte = 0; byte < wanted; byte++) pieces[byte] = from[byte]! >>> shift
    bytes.set(pieces.subarray(0, wanted), at)
  }
}
