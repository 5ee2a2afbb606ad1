import type { Plane, RawFrame } from '@streamer/core/plugin'
import type { RecordHeader } from './records.js'

/** Raw frames whose memory is kept for the next ones; more are in use at once only when an encoder is slow. */
const keptBuffers = 4

/** Memory for raw frames, that comes back from whoever has read them. */
export class FrameMemory {
  #bytes = 0
  #free: Buffer[] = []

  /** @returns a buffer of exactly `bytes` bytes, with anything in it. */
  take(bytes: number): Buffer {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes
      this.#free = []
    }
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(bytes)
  }

  give(buffer: Buffer): void {
    if (buffer.length === this.#bytes && this.#free.length < keptBuffers) this.#free.push(buffer)
  }

  /** A record with raw planes as a frame, which gives `data` back on its release. */
  frameOf(header: RecordHeader, data: Buffer): RawFrame {
    const { payload, sequence, timestampUs, width, height } = header
    return {
      kind: 'raw',
      pixelFormat: payload === 'nv12' ? 'nv12' : 'yuv420p',
      sequence,
      timestampUs,
      width,
      height,
      planes: planesOf(header, data),
      release: () => this.give(data)
    }
  }
}

function planesOf({ payload, height, stride }: RecordHeader, data: Buffer): Plane[] {
  const lumaBytes = stride * height
  const luma: Plane = { data: data.subarray(0, lumaBytes), stride }
  if (payload === 'nv12') return [luma, { data: data.subarray(lumaBytes), stride }]
  const chromaBytes = (stride / 2) * (height / 2)
  const chroma = (from: number): Plane => ({ data: data.subarray(from, from + chromaBytes), stride: stride / 2 })
  return [luma, chroma(lumaBytes), chroma(lumaBytes + chromaBytes)]
}
