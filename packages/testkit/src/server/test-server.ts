import type { Streamer } from '@streamer/core'
import { Viewer } from './viewer.js'

/** A server of a test, that listens. Made by `startStreamer`. */
export class TestServer implements AsyncDisposable {
  /** The program itself: its streams with their statistics, its transports with their state. */
  readonly streamer: Streamer
  /** What was logged, at every level, each as `warn http: message`; the last 10 000 lines. */
  readonly logs: readonly string[]
  readonly #viewers = new Set<Viewer>()

  /** @internal */
  constructor(streamer: Streamer, logs: readonly string[]) {
    this.streamer = streamer
    this.logs = logs
  }

  /** Where clients can connect, of all transports that are up. */
  get urls(): readonly string[] {
    return this.streamer.urls
  }

  /**
   * The first address of a transport. A transport that was started again may have another port than before.
   * @param transport its name: `http`, or that of the plugin; the second one of the same name is `http-2`.
   * @throws Error when there is none of that name, or when it is not up.
   */
  url(transport: string): string {
    const all = this.streamer.transports()
    const found = all.find(({ name }) => name === transport)
    if (!found) throw new Error(`there is no transport "${transport}", only ${all.map(({ name }) => name).join(', ')}`)
    const [url] = found.urls
    if (url === undefined)
      throw new Error(
        `the transport "${transport}" has no address; it is ${found.state}: ${found.lastFailure?.message}`
      )
    return url
  }

  /**
   * Watches a stream over HTTP. Resolves when the server knows of the viewer, so that it gets every frame from then on, as long as it takes them fast enough.
   * @param stream its name. Default: the first one.
   * @returns who watches; closed by `stop()` at the latest.
   * @throws Error when there is no such stream, or no transport `http`.
   */
  async watch(stream?: string): Promise<Viewer> {
    const [first] = this.streamer.streams.keys()
    const path = `${encodeURIComponent(stream ?? first ?? '')}/stream.mjpg`
    const http = this.streamer.transports().find(({ use }) => use === 'http')
    if (!http) throw new Error('cannot watch without the transport "http"')
    const viewer = await Viewer.open(new URL(path, this.url(http.name)).href)
    this.#viewers.add(viewer)
    return viewer
  }

  /** Ends viewers, transports and cameras. Nothing is open when it resolves. May be called twice. */
  async stop(): Promise<void> {
    for (const viewer of this.#viewers) viewer.close()
    this.#viewers.clear()
    await this.streamer.stop()
  }

  /** `stop()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}
