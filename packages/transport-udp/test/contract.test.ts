import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { transportContract } from '@streamer/testkit'
import { describe, it } from 'vitest'
import plugin from '../src/index.js'

/** Bytes before the payload of a chunk with 32-bit fields, and of it at most. */
const head = 13
const chunkSize = 1200

transportContract(
  { describe, it },
  {
    plugin,
    options: (port) => ({ host: '127.0.0.1', port, payload: 'jpeg' }),
    async connect([url], stream) {
      const port = Number(new URL(url!).port)
      const socket = createSocket('udp4').bind(0, '127.0.0.1')
      await once(socket, 'listening')
      const send = (text: string) =>
        new Promise<void>((resolve) => socket.send(text, port, '127.0.0.1', () => resolve()))
      const frames: Buffer[] = []
      let wake = () => {}
      let frame = { id: -1, data: Buffer.alloc(0), missing: 0 }
      let isPaused = false
      const take = (datagram: Buffer) => {
        // What a program does not read is lost.
        if (isPaused) return
        if (datagram.toString('latin1', 0, 11) === 'FRAME_START') {
          const data = Buffer.alloc(datagram.readUInt32LE(15))
          frame = { id: datagram.readUInt32LE(11), data, missing: datagram.readUInt32LE(19) }
        } else if (datagram.toString('latin1', 0, 5) === 'CHUNK' && datagram.readUInt32LE(5) === frame.id) {
          datagram.copy(frame.data, datagram.readUInt32LE(9) * chunkSize, head)
          frame.missing--
          if (frame.missing === 0) frames.push(frame.data)
          wake()
        }
      }
      await send(`REGISTER_CLIENT ${stream}`)
      await once(socket, 'message')
      socket.on('message', take)
      let isClosed = false
      return {
        async next() {
          while (frames.length === 0) await new Promise<void>((resolve) => (wake = resolve))
          return frames.shift()!
        },
        pause: () => (isPaused = true),
        resume: () => (isPaused = false),
        async close() {
          if (isClosed) return
          isClosed = true
          await send('DISCONNECT')
          socket.close()
        }
      }
    }
  }
)
