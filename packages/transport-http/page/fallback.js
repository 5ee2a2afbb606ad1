import { PartReader } from './parts.js'
import { refusalOf } from './refusal.js'

/** So long may a part of a stream be on its way: the server sends one a second at least. Also for a snapshot, for which it waits 5 s. Milliseconds. */
const patienceMs = 10_000
/** Streams in a row that brought nothing, and something on the way gathers or changes them. */
const enough = 3
/** Then snapshots are taken so long before a stream is tried again. Milliseconds. */
const snapshotsMs = 60_000
/** Between two snapshots, from one request to the next. Milliseconds. */
const snapshotMs = 1000
/** Pauses after failures. Milliseconds. */
const pauseMs = { least: 500, most: 10_000 }

/** Lets so many snapshots of the page be on their way at once: a browser has six connections for a server, three for streams, and one must be free for questions. */
const places = { free: 2, waiting: [] }

async function inTurn(deed) {
  if (places.free === 0) await new Promise((resolve) => places.waiting.push(resolve))
  else places.free--
  try {
    return await deed()
  } finally {
    const next = places.waiting.shift()
    if (next) next()
    else places.free++
  }
}

/** One stream without a WebSocket: MJPEG, or one snapshot after the other. */
export class Fallback {
  #address
  #host
  #kind
  #fps
  #ending
  #failures = 0
  /** When MJPEG was given up. */
  #givenUpMs = Number.NEGATIVE_INFINITY

  /**
   * @param address makes an address of a last part and a query.
   * @param host `frame({ data, capturedMs })` with the time by the server's clock, `kind('MJPEG' | 'snapshots')`, and
   *   `refused(sentence, isStream)`, empty when all is well again.
   */
  constructor(address, host) {
    this.#address = address
    this.#host = host
  }

  /** @param isStream whether the page has a connection to spare for a stream. @param fps at most; undefined for all. */
  start(isStream, fps) {
    const kind = isStream ? 'stream' : 'snapshots'
    if (this.#ending && this.#kind === kind && this.#fps === fps) return
    this.stop()
    this.#kind = kind
    this.#fps = fps
    this.#ending = new AbortController()
    void this.#run(this.#ending.signal)
  }

  /** Closes the connection. */
  stop() {
    this.#ending?.abort()
    this.#ending = undefined
  }

  /** The server was started anew, or is there again: what it could not do before it may do now. */
  renew() {
    this.#failures = 0
    this.#givenUpMs = Number.NEGATIVE_INFINITY
    if (!this.#ending) return
    this.stop()
    this.start(this.#kind === 'stream', this.#fps)
  }

  async #run(ending) {
    while (!ending.aborted) {
      const isStream = this.#kind === 'stream' && performance.now() - this.#givenUpMs > snapshotsMs
      let retryMs = 0
      try {
        if (isStream) await this.#stream(ending)
        else await this.#snapshot(ending)
      } catch (error) {
        if (ending.aborted) return
        this.#host.refused(error.status === undefined ? '' : error.message, isStream)
        if (error.status === undefined && isStream && this.#failures >= enough) {
          this.#givenUpMs = performance.now()
          this.#failures = 0
        }
        const pause = Math.min(pauseMs.most, pauseMs.least * 2 ** this.#failures++)
        retryMs = error.isPersonal ? Math.max(pauseMs.most, error.retryMs) : Math.max(pause, error.retryMs ?? 0)
      }
      if (retryMs > 0) await passed(retryMs, ending)
    }
  }

  async #stream(ending) {
    const query = this.#fps === undefined ? {} : { fps: String(this.#fps) }
    await patiently(ending, async (signal, heard) => {
      const answer = await fetch(this.#address('stream.mjpg', query), { cache: 'no-store', signal })
      if (!answer.ok) throw await refusalOf(answer)
      if (!answer.headers.get('Content-Type')?.startsWith('multipart/')) throw new Error('this is no stream')
      const parts = new PartReader((fields, data) => {
        heard()
        this.#bring('MJPEG', data, fields.get('x-timestamp'))
      })
      const reader = answer.body.getReader()
      for (;;) {
        const { done, value } = await reader.read()
        if (done) throw new Error('the stream has ended')
        parts.push(value)
      }
    })
  }

  async #snapshot(ending) {
    const beganMs = performance.now()
    await inTurn(async () => {
      if (ending.aborted) return
      await patiently(ending, async (signal) => {
        const answer = await fetch(this.#address('snapshot.jpg', {}), { cache: 'no-store', signal })
        if (!answer.ok) throw await refusalOf(answer)
        const data = new Uint8Array(await answer.arrayBuffer())
        this.#bring('snapshots', data, answer.headers.get('X-Timestamp'))
      })
    })
    await passed(Math.max(0, snapshotMs - (performance.now() - beganMs)), ending)
  }

  #bring(kind, data, timestamp) {
    this.#failures = 0
    this.#host.kind(kind)
    this.#host.refused('', false)
    const seconds = Number(timestamp ?? Number.NaN)
    this.#host.frame({ data, capturedMs: Number.isNaN(seconds) ? undefined : seconds * 1000 })
  }
}

/** Runs a deed with a signal that ends it when it is of no more use, or when `heard` was not called for so long. */
async function patiently(ending, deed) {
  const own = new AbortController()
  const end = () => own.abort()
  let timer = setTimeout(end, patienceMs)
  const heard = () => {
    clearTimeout(timer)
    timer = setTimeout(end, patienceMs)
  }
  ending.addEventListener('abort', end)
  try {
    return await deed(own.signal, heard)
  } finally {
    clearTimeout(timer)
    ending.removeEventListener('abort', end)
    end()
  }
}

/** Resolves after so many milliseconds, or when it is no more of use. */
function passed(milliseconds, ending) {
  if (ending.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      ending.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, milliseconds)
    ending.addEventListener('abort', done)
  })
}
