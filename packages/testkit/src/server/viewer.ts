import { type IncomingMessage, request } from 'node:http'

const headEnd = '\r\n\r\n'

/** Somebody who watches a stream over HTTP, as a browser does. Made by `TestServer.watch`. */
export class Viewer implements AsyncDisposable {
  readonly #answer: IncomingMessage
  readonly #chunks: AsyncIterator<Buffer>
  /** What was read and not used yet. */
  #pending: Buffer = Buffer.alloc(0)
  /** Ends with the last picture that was asked for. */
  #reading: Promise<unknown> = Promise.resolve()
  #isClosed = false

  private constructor(answer: IncomingMessage) {
    this.#answer = answer
    // An end while nobody reads is told to the next one who does.
    answer.on('error', () => {})
    this.#chunks = answer[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  }

  /**
   * Asks for a stream. Resolves when the server has answered, which is when it is subscribed.
   * @param url of an MJPEG stream: `http://127.0.0.1:8080/stream.mjpg`.
   * @throws Error when the answer is no such stream.
   */
  static async open(url: string): Promise<Viewer> {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      // Without an agent nothing is kept for later requests.
      request(url, { agent: false }, resolve).on('error', reject).end()
    })
    if (answer.statusCode === 200 && answer.headers['content-type']?.startsWith('multipart/')) return new Viewer(answer)
    answer.destroy()
    throw new Error(`cannot watch ${url}: the answer is ${answer.statusCode}, ${answer.headers['content-type']}`)
  }

  /**
   * The bytes of the next picture; waits for it.
   * @throws Error when the connection is gone.
   */
  next(): Promise<Buffer> {
    const picture = this.#reading.then(() => this.#read())
    this.#reading = picture.catch(() => {})
    return picture
  }

  /** Goes away. May be called twice. */
  close(): void {
    this.#isClosed = true
    this.#answer.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  /** Pictures until the connection is gone. Whoever leaves the loop closes it. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
    try {
      for (;;) yield await this.next()
    } catch (error) {
      if (!(error instanceof ConnectionGone)) throw error
    } finally {
      this.close()
    }
  }

  async #read(): Promise<Buffer> {
    let end = this.#pending.indexOf(headEnd)
    for (; end < 0; end = this.#pending.indexOf(headEnd)) await this.#receive()
    const head = this.#pending.toString('latin1', 0, end)
    const length = Number(/^Content-Length: (\d+)$/im.exec(head)?.[1])
    if (!Number.isSafeInteger(length)) throw new Error(`a part of the stream does not tell its length: ${head}`)
    const start = end + headEnd.length
    while (this.#pending.length < start + length) await this.#receive()
    const picture = this.#pending.subarray(start, start + length)
    this.#pending = this.#pending.subarray(start + length)
    return picture
  }

  async #receive(): Promise<void> {
    const { value, done } = await this.#chunks.next().catch((cause: unknown) => {
      throw new ConnectionGone(this.#isClosed, { cause })
    })
    if (done === true) throw new ConnectionGone(this.#isClosed)
    this.#pending = Buffer.concat([this.#pending, value])
  }
}

class ConnectionGone extends Error {
  constructor(isClosed: boolean, options: { cause?: unknown } = {}) {
    super(isClosed ? 'this viewer was closed' : 'the server has ended the connection', options)
  }
}
