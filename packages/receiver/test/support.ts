import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import type { ConnectionCounters } from '../src/connection.js'
import { type ReceivedFrame, type ReceiveOptions, type Receiver, receive } from '../src/index.js'

export function noCounts(): ConnectionCounters {
  return {
    bytes: 0,
    datagramsReceived: 0,
    datagramsLost: 0,
    datagramsDuplicate: 0,
    framesLost: 0,
    resends: 0,
    refused: 0
  }
}

/** What passes for a JPEG: begins and ends as one, with `seed` and its length between. */
export function pictureOf(seed: number, length = 5000): Buffer {
  const picture = Buffer.alloc(length, seed & 0x7f)
  picture.writeUInt16BE(0xffd8, 0)
  picture[2] = 0xff
  picture.writeUInt32BE(seed, 4)
  picture.writeUInt16BE(0xffd9, length - 2)
  return picture
}

/** A receiver that is closed at the end of the test. */
export function receiving(url: string, options: ReceiveOptions = {}): Receiver {
  const receiver = receive(url, options)
  onTestFinished(() => receiver.close())
  return receiver
}

/** The next frame. @throws Error when there is none to come. */
export async function nextOf(receiver: Receiver): Promise<ReceivedFrame> {
  const { value, done } = await receiver.next()
  if (done) throw new Error('the receiver is closed')
  return value
}

/** A TCP server that does with each connection what the test says. */
export async function tcpServer(
  onConnection: (socket: Socket) => void,
  port = 0
): Promise<{ port: number; server: Server }> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    onConnection(socket)
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as { port: number }).port, server }
}
