// Runs in a namespace of port-mapping.test.ts, where it maps the port of a UDP socket of its own: lines of JSON in and out, one key in each.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setImmediate } from 'node:timers/promises'
import { mapPort, StunClient } from '@streamer/port-mapping'

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`)
const socket = createSocket('udp4')
const client = new StunClient(socket)
let mapping
let controller

const commands = {
  /** Options of `mapPort`; the port is that of the socket, unless another one is given. With `abortAfterMs` the attempt is aborted. */
  async map({ abortAfterMs, ...options }) {
    controller = new AbortController()
    if (abortAfterMs !== undefined) setTimeout(() => controller.abort(new Error('enough')), abortAfterMs)
    mapping = await mapPort({
      protocol: 'udp',
      port: socket.address().port,
      ...options,
      signal: controller.signal,
      onEvent: ({ kind, error }) => say({ event: { kind, error: error?.message } })
    })
    const { method, gateway, externalHost, externalPort, internalHost, isBehindAnotherRouter } = mapping
    return { method, gateway, externalHost, externalPort, internalHost, isBehindAnotherRouter }
  },
  ownPort: async () => socket.address().port,
  async close() {
    await mapping.close()
    return true
  },
  /** Aborts the mapping and waits until it is closed. */
  async abort() {
    controller.abort()
    await mapping.close()
    return true
  },
  /** What else than the socket is open, by name: a mapping that is closed leaves nothing. */
  async resources() {
    // A handle that is closed counts until the end of a turn, and immediates come before that.
    await setImmediate()
    await setImmediate()
    return process.getActiveResourcesInfo().filter((name) => !['Immediate', 'PipeWrap', 'TTYWrap'].includes(name))
  },
  publicAddress: (server) => client.publicAddress({ server })
}

socket.on('message', (datagram, { address, port }) => {
  if (!client.receive(datagram, address, port)) say({ received: datagram.toString() })
})
socket.bind(0)
await once(socket, 'listening')
createInterface(process.stdin)
  .on('line', async (line) => {
    const [[key, value]] = Object.entries(JSON.parse(line))
    try {
      say({ [key]: await commands[key](value) })
    } catch (error) {
      say({ [key]: { error: error.message, code: error.code } })
    }
  })
  .on('close', () => process.exit())
