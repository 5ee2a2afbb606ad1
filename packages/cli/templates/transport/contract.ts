import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { createInterface } from 'node:readline'
import { transportContract } from '@streamer/testkit'
import { describe, it } from 'vitest'
import plugin from '../src/index.js'

transportContract(
  { describe, it },
  {
    plugin,
    options: (port) => ({ host: '127.0.0.1', port }),
    // A client as its users have one.
    async connect(urls, stream) {
      const url = urls.find((candidate) => candidate.endsWith(`/${stream}`))!
      const [answer]: IncomingMessage[] = await once(get(url, { agent: false }), 'response')
      const lines = createInterface(answer!)[Symbol.asyncIterator]()
      return {
        async next() {
          for (;;) {
            const { value, done } = await lines.next()
            if (done) throw new Error('the connection is gone')
            if (value.startsWith('data: ')) return Buffer.from(value.slice(6), 'base64')
          }
        },
        pause: () => void answer!.pause(),
        resume: () => void answer!.resume(),
        close: () => void answer!.destroy()
      }
    }
  }
)
