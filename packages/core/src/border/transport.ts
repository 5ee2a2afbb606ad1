import { type Codec, type Counters, type Run, type Stream, StreamerError, type Transport } from '../plugin/index.js'
import type { Border } from './border.js'
import { guardedCounters } from './counters.js'
import { shown } from './shown.js'

/** A transport of a plugin, of which nothing comes through that is not as it should be. */
export class GuardedTransport implements Transport {
  readonly border: Border
  readonly #transport: Transport

  constructor(transport: Transport, border: Border) {
    this.border = border
    this.#transport = transport
  }

  /** @throws what the plugin throws; StreamerError when it is no list. */
  get accepts(): readonly Codec[] {
    const accepts: unknown = this.#transport.accepts
    if (Array.isArray(accepts)) return accepts as readonly Codec[]
    throw new StreamerError('ERR_TRANSPORT_FAILED', `its "accepts" is ${shown(accepts)}, not a list of codecs`)
  }

  /** @throws what the plugin throws; StreamerError when what it gives are no URLs. */
  async start(run: Run, streams: ReadonlyMap<string, Stream>): Promise<readonly string[]> {
    const urls: unknown = await this.border.run('start', async () => this.#transport.start(run, streams))
    if (!Array.isArray(urls))
      throw new StreamerError('ERR_TRANSPORT_FAILED', `start() gave ${shown(urls)}, not a list of URLs`)
    const wrong = urls.findIndex((url) => typeof url !== 'string' || !URL.canParse(url))
    if (wrong >= 0)
      throw new StreamerError('ERR_TRANSPORT_FAILED', `start() gave ${shown(urls[wrong])}, which is not a URL`)
    return [...urls] as string[]
  }

  stop(): Promise<void> {
    return this.border.run('stop', async () => this.#transport.stop())
  }

  stats(): Counters {
    return guardedCounters(this.#transport, this.border)
  }
}
