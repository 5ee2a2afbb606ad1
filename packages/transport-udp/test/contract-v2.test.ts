import { transportContract } from '@streamer/testkit'
import { describe, it } from 'vitest'
import plugin from '../src/index.js'
import { StandInClient } from './stand-in-client.js'
import { Cleanup } from './stand-ins.js'

const key = 'correct horse battery staple'

describe.each([
  ['version 2', {}, undefined],
  ['version 2 with a key', { key }, Buffer.from(key)]
])('%s', (_name, options, clientKey) => {
  transportContract(
    { describe, it },
    {
      plugin,
      options: (port) => ({ host: '127.0.0.1', port, ...options }),
      async connect([url], stream) {
        const cleanup = new Cleanup()
        const { port } = new URL(url!)
        const client = await StandInClient.open(cleanup, Number(port), { stream, ...(clientKey && { key: clientKey }) })
        await client.register()
        let isPaused = false
        // What a program does not read is lost.
        client.onFrame = (frame) => {
          if (isPaused) return
          frames.push(frame)
          wake()
        }
        const frames: Buffer[] = []
        let wake = () => {}
        const reporting = setInterval(() => void client.reportAll().catch(() => {}), 100)
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
            clearInterval(reporting)
            await client.say(5, Buffer.of(0))
            await cleanup.run()
          }
        }
      }
    }
  )
})
