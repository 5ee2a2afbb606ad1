import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  defineTransport,
  type EncodedFrame,
  type PluginContext,
  type Run,
  type Stream,
  type Subscription,
  type Transport,
  type TransportPlugin
} from '@streamer/core/plugin'
import { z } from 'zod'

/** A transport without clients that does everything right: writes each stream into a file, frames with their length before them. */
export class SoundWriter implements Transport {
  readonly accepts = ['mjpeg'] as const
  readonly #folder: string
  subscriptions: Subscription[] = []
  isStopped = true

  constructor({ baseDir }: PluginContext) {
    this.#folder = baseDir
  }

  async start(run: Run, streams: ReadonlyMap<string, Stream>): Promise<readonly string[]> {
    if (!this.isStopped) throw new TypeError('start was called twice without stop')
    run.signal.throwIfAborted()
    this.isStopped = false
    const served = this.served(streams)
    this.subscriptions = served.map((stream) => this.subscribe(stream))
    return served.map(({ name }) => pathToFileURL(join(this.#folder, name)).href)
  }

  served(streams: ReadonlyMap<string, Stream>): readonly Stream[] {
    return [...streams.values()]
  }

  subscribe(stream: Stream): Subscription {
    const subscription = stream.subscribe({
      label: 'a file',
      onFrame: (frame) => {
        this.write(stream, frame)
        subscription.ready()
      }
    })
    return subscription
  }

  write(stream: Stream, { data }: EncodedFrame): void {
    const head = Buffer.alloc(4)
    head.writeUInt32BE(data.length)
    appendFileSync(join(this.#folder, stream.name), Buffer.concat([head, data]))
  }

  async stop(): Promise<void> {
    this.isStopped = true
    for (const subscription of this.subscriptions) subscription.close()
  }
}

export function writerPlugin(
  Part: new (context: PluginContext) => Transport = SoundWriter,
  supports: { severalStreams?: boolean } = {}
): TransportPlugin<object> {
  return defineTransport({
    name: 'writer',
    configSchema: z.strictObject({}),
    supports: { clients: false, ...supports },
    create: (_, context) => new Part(context)
  })
}
