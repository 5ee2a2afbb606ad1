import fc from 'fast-check'

/** A segment with its length: `code` is the second byte of the marker. */
export function segment(code: number, payload: Uint8Array | readonly number[] = []): Buffer {
  const length = payload.length + 2
  return Buffer.concat([Buffer.from([0xff, code, length >> 8, length & 0xff]), Buffer.from(payload)])
}

export const startOfImage = Buffer.from([0xff, 0xd8])
export const endOfImage = Buffer.from([0xff, 0xd9])

/** A frame header of one component; `code` C0 is baseline, C2 progressive. */
export function frameHeader(width: number, height: number, code = 0xc0): Buffer {
  return segment(code, [8, height >> 8, height & 0xff, width >> 8, width & 0xff, 1, 1, 0x11, 0])
}

export const scanHeader = segment(0xda, [1, 1, 0, 0, 63, 0])

/** Entropy-coded data of any bytes: each FF gets its stuffed 00. */
export function entropy(bytes: Uint8Array | readonly number[]): Buffer {
  const coded: number[] = []
  for (const byte of bytes) {
    coded.push(byte)
    if (byte === 0xff) coded.push(0)
  }
  return Buffer.from(coded)
}

/** What walks like a JPEG, though no decoder would draw it: headers, one scan of `size` bytes, the end. */
export function jpeg(options: { width?: number; height?: number; size?: number; fill?: number } = {}): Buffer {
  const { width = 64, height = 48, size = 100, fill = 0x55 } = options
  return Buffer.concat([
    startOfImage,
    segment(0xe0, Buffer.from('JFIF\0\x01\x01\0\0\x01\0\x01\0\0', 'latin1')),
    frameHeader(width, height),
    scanHeader,
    Buffer.alloc(size, fill),
    endOfImage
  ])
}

export interface Sample {
  readonly data: Buffer
  readonly width: number
  readonly height: number
}

/** Bytes with far more markers in them than chance would give. */
export const nastyBytes = (maxLength: number): fc.Arbitrary<Uint8Array> =>
  fc
    .array(
      fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom(0xff, 0xd8, 0xd9, 0xda, 0x00, 0xc0, 0xe1, 0xfe, 0xd0) },
        { weight: 2, arbitrary: fc.integer({ min: 0, max: 255 }) }
      ),
      { maxLength }
    )
    .map((bytes) => Uint8Array.from(bytes))

const extraSegment = fc
  .tuple(fc.constantFrom(0xe0, 0xe1, 0xe2, 0xed, 0xfe, 0xdb, 0xc4, 0xdd), nastyBytes(300))
  .map(([code, payload]) => segment(code, payload))

const fillBytes = fc.integer({ min: 0, max: 3 }).map((count) => Buffer.alloc(count, 0xff))

const scanData = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: nastyBytes(200).map(entropy) },
      { weight: 1, arbitrary: fc.integer({ min: 0xd0, max: 0xd7 }).map((code) => Buffer.from([0xff, code])) }
    ),
    { maxLength: 5 }
  )
  .map((parts) => Buffer.concat(parts))

/** JPEGs that are baseline or progressive, with thumbnails' markers in their segments, restarts, fill bytes and several scans. */
export const anyJpeg: fc.Arbitrary<Sample> = fc
  .record({
    width: fc.integer({ min: 1, max: 65535 }),
    height: fc.integer({ min: 1, max: 65535 }),
    code: fc.constantFrom(0xc0, 0xc1, 0xc2, 0xc9),
    before: fc.array(extraSegment, { maxLength: 4 }),
    after: fc.array(extraSegment, { maxLength: 2 }),
    scans: fc.array(fc.tuple(fc.array(extraSegment, { maxLength: 1 }), scanData), { minLength: 1, maxLength: 4 }),
    fill: fillBytes
  })
  .map(({ width, height, code, before, after, scans, fill }) => ({
    width,
    height,
    data: Buffer.concat([
      startOfImage,
      ...before.flatMap((part) => [fill, part]),
      fill,
      frameHeader(width, height, code),
      ...after,
      ...scans.flatMap(([between, data]) => [...between, fill, scanHeader, data]),
      fill,
      endOfImage
    ])
  }))

/** Cuts `bytes` into chunks, each in memory of its own, of the sizes given over and over. */
export function cutInto(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0, k = 0; at < bytes.length; k++) {
    const size = Math.max(sizes[k % sizes.length] ?? bytes.length, 1)
    const chunk = Buffer.allocUnsafeSlow(Math.min(size, bytes.length - at))
    bytes.copy(chunk, 0, at)
    chunks.push(chunk)
    at += size
  }
  return chunks
}
