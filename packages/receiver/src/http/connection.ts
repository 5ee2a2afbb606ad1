import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { StreamerError } from '@streamer/core/plugin'
import type { Connection, ConnectionOptions, Sink } from '../connection.js'
import { receiveError, socketError } from '../failure.js'
import { isJpeg } from '../payload.js'
import { tlsOptionsOf } from '../tls-options.js'
import { Watchdog } from '../watchdog.js'
import { MultipartReader } from './multipart.js'
import { boundaryOf } from './part-head.js'

/** Our servers repeat the last picture every second; others may be slower, and a camera takes a while to start. */
const silenceMs = 15_000
const maxRedirects = 5

/** One answer of a server that sends MJPEG. */
export class HttpConnection implements Connection {
  readonly #options: ConnectionOptions
  #url: URL
  #redirects = 0
  #request: ClientRequest | undefined
  /** The request before, when the server has led on. */
  #previous: Promise<void> = Promise.resolve()
  #sink: Sink | undefined
  readonly #watchdog: Watchdog
  #connectTimer: unknown
  #isClosed = false

  constructor(url: URL, options: ConnectionOptions) {
    this.#url = url
    this.#options = options
    this.#watchdog = new Watchdog(options.clock, silenceMs, () => this.#fail(this.#error('nothing came for 15 s')))
  }

  start(sink: Sink): void {
    if (this.#isClosed) return
    this.#sink = sink
    const { clock, connectTimeoutMs } = this.#options
    this.#connectTimer = clock.setTimer(() => this.#fail(this.#error('no answer in time')), connectTimeoutMs)
    this.#ask()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#watchdog.stop()
    this.#endConnectTimer()
    await Promise.all([ended(this.#request), this.#previous])
  }

  /** The address without its password. */
  get #address(): string {
    const shown = new URL(this.#url)
    shown.username = ''
    shown.password = ''
    return shown.href
  }

  #ask(): void {
    const secure = this.#url.protocol === 'https:'
    const { username, password } = this.#url
    const auth = username === '' ? {} : { auth: `${decoded(username)}:${decoded(password)}` }
    const options = { agent: false, ...auth, headers: { Accept: 'multipart/x-mixed-replace, image/jpeg' } } as const
    const request = secure
      ? httpsRequest(this.#url, { ...options, ...tlsOptionsOf(this.#options.tls) })
      : httpRequest(this.#url, options)
    this.#request = request
    const onError = (error: Error): void => {
      if (request === this.#request) this.#fail(socketError(this.#address, error))
    }
    request.on('error', onError)
    request.on('response', (answer) => {
      answer.on('error', onError)
      if (!this.#isClosed) this.#onAnswer(answer)
    })
    request.end()
  }

  #onAnswer(answer: IncomingMessage): void {
    const { statusCode = 0, headers } = answer
    const contentType = headers['content-type'] ?? ''
    if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined) this.#follow(headers.location)
    else if (statusCode !== 200) {
      const name = answer.statusMessage ? ` (${answer.statusMessage})` : ''
      this.#fail(this.#error(`the server answers ${statusCode}${name}`))
    } else if (!/^(multipart\/|video\/x-motion-jpeg|video\/x-mjpeg)/i.test(contentType)) {
      const what = contentType === '' ? 'something without a type' : contentType
      this.#fail(this.#error(`the answer is ${what} and no MJPEG stream; that of a Streamer is at /stream.mjpg`))
    } else this.#read(answer, boundaryOf(contentType))
  }

  #follow(location: string): void {
    const url = URL.canParse(location, this.#url.href) ? new URL(location, this.#url) : undefined
    this.#redirects++
    if ((url?.protocol !== 'http:' && url?.protocol !== 'https:') || this.#redirects > maxRedirects) {
      this.#fail(this.#error(`the server leads on to ${JSON.stringify(location.slice(0, 200))}, which leads nowhere`))
      return
    }
    // The password is for the server that it was given for.
    if (url.host === this.#url.host && url.protocol === this.#url.protocol) {
      url.username = this.#url.username
      url.password = this.#url.password
    }
    this.#url = url
    this.#previous = ended(this.#request)
    this.#request = undefined
    void this.#previous.then(() => {
      if (!this.#isClosed) this.#ask()
    })
  }

  #read(answer: IncomingMessage, boundary: string | undefined): void {
    const sink = this.#sink!
    this.#endConnectTimer()
    this.#watchdog.start()
    sink.opened('http')
    const refuse = (): void => {
      sink.counters.refused++
    }
    const reader = new MultipartReader({
      boundary,
      maxFrameBytes: this.#options.maxFrameBytes,
      onRefused: refuse,
      onPart: (data, wallClockUs) => {
        if (this.#isClosed) return
        if (!isJpeg(data)) refuse()
        else sink.frame({ data, ...(wallClockUs !== undefined && { wallClockUs }) })
      }
    })
    answer.on('data', (chunk: Buffer) => {
      if (this.#isClosed) return
      this.#watchdog.heard()
      sink.counters.bytes += chunk.length
      reader.push(chunk)
    })
    answer.on('close', () => this.#fail(this.#error('the server ended the stream')))
  }

  #endConnectTimer(): void {
    if (this.#connectTimer !== undefined) this.#options.clock.clearTimer(this.#connectTimer)
    this.#connectTimer = undefined
  }

  #error(what: string): StreamerError {
    return receiveError(this.#address, what)
  }

  #fail(reason: StreamerError): void {
    if (!this.#isClosed) this.#sink?.failed(reason)
  }
}

/** User and password as they are, or as they were written when that is no `%` code. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Cuts a request off, and waits until its socket is closed. */
async function ended(request: ClientRequest | undefined): Promise<void> {
  if (!request) return
  const { socket } = request
  const isOver = request.closed
  const closed = isOver ? undefined : new Promise((resolve) => request.once('close', resolve))
  request.destroy()
  await closed
  if (socket && !socket.closed) await new Promise((resolve) => socket.once('close', resolve))
}
