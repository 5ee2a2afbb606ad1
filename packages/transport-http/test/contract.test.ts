import { connect } from 'node:net'
import { transportContract } from '@streamer/testkit'
import { describe, it } from 'vitest'
import plugin from '../src/index.js'

transportContract(
  { describe, it },
  {
    plugin,
    options: (port) => ({ host: '127.0.0.1', port }),
    async connect([url], stream) {
      const socket = connect(Number(new URL(url!).port), '127.0.0.1')
      socket.on('error', () => {})
      socket.write(`GET /${stream}/stream.mjpg HTTP/1.1\r\nHost: contract\r\n\r\n`)
      let held: Buffer[] = []
      let heldBytes = 0
      let wake = () => {}
      for (const event of ['readable', 'close']) socket.on(event, () => wake())
      const more = async () => {
        const chunk: Buffer | null = socket.read()
        if (chunk === null) {
          if (socket.destroyed || socket.readableEnded) throw new Error('the connection is gone')
          await new Promise<void>((resolve) => (wake = resolve))
        } else {
          held.push(chunk)
          heldBytes += chunk.length
        }
      }
      /** Takes so many bytes. */
      const take = async (bytes: number) => {
        while (heldBytes < bytes) await more()
        const all = Buffer.concat(held)
        held = [all.subarray(bytes)]
        heldBytes -= bytes
        return all.subarray(0, bytes)
      }
      /** Takes up to an empty line. */
      const head = async () => {
        for (;;) {
          const end = Buffer.concat(held).indexOf('\r\n\r\n')
          if (end >= 0) return (await take(end + 4)).toString('latin1')
          await more()
        }
      }
      await head()
      let isPaused = false
      let onResume = () => {}
      return {
        async next() {
          if (isPaused) await new Promise<void>((resolve) => (onResume = resolve))
          return take(Number(/Content-Length: (\d+)/.exec(await head())?.[1]))
        },
        // Nobody reads: the kernel holds what it can, and then makes the server wait.
        pause: () => (isPaused = true),
        resume: () => {
          isPaused = false
          onResume()
        },
        close: () => socket.destroy()
      }
    }
  }
)
