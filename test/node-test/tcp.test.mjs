// The contracts under Node's own runner; run by ../node-test.test.ts on what was built.
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { encoderContract, sourceContract, transportContract } from '@streamer/testkit'

const { default: tcp } = await import('@streamer/transport-tcp')
const { default: fake } = await import('@streamer/source-fake')
const { default: jpeg } = await import('@streamer/encoder-jpeg')

transportContract(
  { describe, it },
  {
    plugin: tcp,
    options: (port) => ({ host: '127.0.0.1', port, payload: 'jpeg' }),
    async connect(urls, stream) {
      const url = urls.find((candidate) => candidate.endsWith(`/${stream}`)) ?? urls[0]
      const socket = connect(Number(new URL(url).port), '127.0.0.1')
      await once(socket, 'connect')
      let wake = () => {}
      for (const event of ['readable', 'end', 'close', 'error']) socket.on(event, () => wake())
      const read = async (bytes) => {
        for (;;) {
          const data = socket.read(bytes)
          if (data !== null) return data
          if (socket.readableEnded || socket.destroyed) throw new Error('the connection is gone')
          await new Promise((resolve) => (wake = resolve))
        }
      }
      return {
        next: async () => read(Number((await read(8)).readBigUInt64LE())),
        pause() {},
        resume() {},
        close: () => socket.destroy()
      }
    }
  }
)

sourceContract({ describe, it }, { plugin: fake, options: { framerate: 60, width: 64, height: 48 } })
encoderContract({ describe, it }, { plugin: jpeg })
