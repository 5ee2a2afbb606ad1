import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { ByeReason, DatagramType, newDatagram } from '@streamer/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../src/clock.js'
import type { IncomingFrame } from '../src/connection.js'
import { openSocket } from '../src/udp/open-socket.js'
import { UdpV2Client } from '../src/udp-v2/index.js'
import { quarter, seeded, standInServer } from './stand-in-server.js'
import { noCounts, pictureOf } from './support.js'

/** A client on a real socket; `next` waits for a frame. */
async function connect(port: number, key?: Uint8Array) {
  const socket = await openSocket('127.0.0.1', port)
  const counters = noCounts()
  const frames: IncomingFrame[] = []
  const failures: Error[] = []
  let wake = (): void => {}
  let isOpen = (): void => {}
  const opened = new Promise<void>((resolve) => (isOpen = resolve))
  const client = new UdpV2Client(
    {
      clock: systemClock,
      address: 'udp://there',
      stream: '',
      key,
      keyName: undefined,
      // Long enough for any machine: what comes out late is not lost.
      delayMs: 60_000,
      maxFrameBytes: 1024 * 1024,
      connectTimeoutMs: 30_000
    },
    {
      sink: {
        counters,
        opened: () => isOpen(),
        frame: (frame) => {
          frames.push(frame)
          wake()
        },
        measured: () => {},
        failed: (reason) => failures.push(reason)
      },
      send: (datagram) => socket.send(datagram),
      onLegacy: () => {}
    }
  )
  socket.on('message', (bytes) => client.receive(bytes))
  onTestFinished(async () => {
    const goodbye = client.close()
    if (goodbye) await new Promise((resolve) => socket.send(goodbye, resolve))
    socket.close()
  })
  client.start()
  await opened
  const next = async (count: number): Promise<void> => {
    while (frames.length < count) await new Promise<void>((resolve) => (wake = resolve))
  }
  return { client, socket, counters, frames, failures, next }
}

test.each([
  ['without a key', undefined],
  ['with a key', Buffer.from('a secret of enough bytes')]
])('%s, all frames come over a network that loses every seventh datagram', async (_, key) => {
  const random = seeded(11)
  const { server, port } = await standInServer({
    ...(key && { key }),
    parity: quarter,
    loses: () => random() < 0.15
  })
  const { counters, frames, failures, next } = await connect(port, key)
  const pictures = Array.from({ length: 60 }, (_, seed) => pictureOf(seed, 20_000))
  for (const [sent, picture] of pictures.entries()) {
    server.frame(picture)
    // A few at once, and not more than the socket's buffer holds.
    await next(sent - 2)
  }
  await next(pictures.length)
  const inOrder = frames.toSorted((one, other) => one.sequence! - other.sequence!)
  expect(inOrder.every(({ data }, at) => pictures[at]!.equals(data))).toBe(true)
  expect(frames.some(({ repaired }) => repaired)).toBe(true)
  expect(counters.framesLost).toBe(0)
  expect(counters.resends).toBeGreaterThan(0)
  expect(failures).toEqual([])
})

test('what strangers send is not heard', async () => {
  const { server, port } = await standInServer()
  const { socket, frames, failures, next } = await connect(port)
  const stranger = createSocket('udp4').bind(0, '127.0.0.1')
  await once(stranger, 'listening')
  onTestFinished(() => void stranger.close())
  const bye = newDatagram(DatagramType.bye, 1, server.connection, 1000)
  bye[bye.length - 1] = ByeReason.stopping
  await new Promise((resolve) => stranger.send(bye, portOf(socket), '127.0.0.1', resolve))
  server.frame(pictureOf(1))
  await next(1)
  expect(frames).toHaveLength(1)
  expect(failures).toEqual([])
})

test('the server hears a goodbye', async () => {
  const { server, port } = await standInServer()
  const { client, socket } = await connect(port)
  const said = once(server, 'bye')
  socket.send(client.close()!)
  expect(await said).toEqual([ByeReason.done])
})

function portOf(socket: Socket): number {
  return socket.address().port
}
