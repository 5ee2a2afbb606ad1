import { transportContract } from '@streamer/testkit'
import { describe, it } from 'vitest'
import plugin from '../src/index.js'
import { Cleanup, Client } from './stand-ins.js'

transportContract(
  { describe, it },
  {
    plugin,
    options: (port) => ({ host: '127.0.0.1', port, payload: 'jpeg' }),
    async connect(urls, stream) {
      const url = urls.length === 1 ? urls[0] : urls.find((candidate) => candidate.endsWith(`/${stream}`))
      const cleanup = new Cleanup()
      const client = await Client.open(cleanup, Number(new URL(url!).port))
      let taken = 0
      return {
        next: async () => {
          const frames = await Promise.race([client.has(taken + 1), client.gone])
          return frames[taken++]!
        },
        pause: () => client.socket.pause(),
        resume: () => client.socket.resume(),
        close: () => cleanup.run()
      }
    }
  }
)
