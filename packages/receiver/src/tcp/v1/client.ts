import { jpegOf, maxPickleBytes } from '../../payload.js'
import type { StreamClient, StreamHost } from '../client.js'
import { FrameReader } from './frame-reader.js'

/** Version 1 (`docs/protocols/tcp.md`): the server sends frames, and the client has nothing to say. */
export class TcpV1Client implements StreamClient {
  readonly #host: StreamHost
  readonly #reader: FrameReader
  #isOver = false

  /** @param maxFrameBytes a larger picture is refused. */
  constructor(maxFrameBytes: number, host: StreamHost) {
    const { sink } = host
    const refuse = (): void => {
      sink.counters.refused++
    }
    this.#host = host
    this.#reader = new FrameReader({
      maxBytes: maxFrameBytes + maxPickleBytes,
      onRefused: refuse,
      onFrame: (payload) => {
        if (this.#isOver) return
        const data = jpegOf(payload)
        if (data && data.length <= maxFrameBytes) sink.frame({ data })
        else refuse()
      }
    })
    host.opened('tcp/1')
  }

  receive(bytes: Buffer): void {
    if (this.#isOver) return
    try {
      this.#reader.push(bytes)
    } catch (error) {
      this.#host.failed('what comes is no stream of frames', error)
    }
  }

  close(): void {
    this.#isOver = true
  }
}
