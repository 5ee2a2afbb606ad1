/** Frames as server-sent events over HTTP: `curl` shows them, and any script reads them line by line. */
import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Run, Stream, Transport } from '@streamer/core/plugin'
import { anyHost, bindTo, defineTransport, hostPort, Lifecycle, listenError, peerLabel } from '@streamer/core/plugin'
import { z } from 'zod'

const configSchema = z.strictObject({
  host: z.string().min(1).default(anyHost).meta({ description: 'Address to listen on; `::` is all interfaces.' }),
  port: z.int().min(0).max(65535).default(7000).meta({ description: 'TCP port; 0 takes a free one.' })
})

class PluginNameTransport implements Transport {
  readonly accepts = ['mjpeg'] as const
  // Start and stop in any order, twice, one during the other: this takes care of them all.
  readonly #lifecycle = new Lifecycle('transport-plugin-name', () => this.#close())
  #server: Server | undefined

  constructor(readonly options: z.output<typeof configSchema>) {}

  start(run: Run, streams: ReadonlyMap<string, Stream>): Promise<readonly string[]> {
    return this.#lifecycle.start(run, () => this.#listen(run, streams))
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop()
  }

  async #listen(run: Run, streams: ReadonlyMap<string, Stream>): Promise<readonly string[]> {
    const { host, port } = this.options
    const server = createServer(({ url = '/', socket }, response) => {
      const stream = streams.get(url.slice(1))
      if (stream) serve(stream, socket, response)
      else response.writeHead(404).end(`There are: /${[...streams.keys()].join(', /')}\n`)
    })
    this.#server = server
    // Whatever clients can make grow has a bound.
    server.maxConnections = 64
    await bindTo(host, (address) => once(server.listen(port, address), 'listening')).catch((error: unknown) => {
      throw listenError('transport-plugin-name', hostPort(host, port), error)
    })
    server.on('error', (error) => run.fail(error))
    const bound = server.address() as AddressInfo
    return Array.from(streams.keys(), (name) => `http://${hostPort(bound.address, bound.port)}/${name}`)
  }

  async #close(): Promise<void> {
    const closed = this.#server?.listening && once(this.#server.close(), 'close')
    this.#server?.closeAllConnections()
    await closed
  }
}

/** Gives one client the frames of a stream until it goes. */
function serve(stream: Stream, { remoteAddress, remotePort }: Socket, response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' }).flushHeaders()
  const subscription = stream.subscribe({
    label: peerLabel(remoteAddress, remotePort),
    // The next frame comes when the system has taken this one, and it is the newest by then.
    onFrame: ({ data }) =>
      response.write(`data: ${Buffer.from(data).toString('base64')}\n\n`, () => subscription.ready()),
    onClose: () => response.destroy()
  })
  // Most clients end by just going away.
  response.on('error', () => {}).on('close', () => subscription.close())
}

export default defineTransport({
  name: 'plugin-name',
  description: 'Frames as server-sent events over HTTP, each picture in base64.',
  configSchema,
  create: (options) => new PluginNameTransport(options)
})
