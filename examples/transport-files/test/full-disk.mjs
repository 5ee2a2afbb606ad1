// Records clips on a disk that is full at some time: gives pictures until the transport fails, stops it, and prints the failure.
import { silentLogger } from '@streamer/core/plugin'
import plugin from '../src/index.js'

const [, , baseDir] = process.argv
const options = plugin.configSchema.parse({ folder: 'recorded', mode: 'clips' })
const transport = plugin.create(options, { name: 'files', baseDir, logger: silentLogger })

let isFailed = false
const run = {
  signal: new AbortController().signal,
  fail(error) {
    isFailed = true
    console.log(error.code, error.message)
    transport.stop()
  }
}
/** A stream that gives a picture whenever the transport is ready for one. */
const stream = {
  name: 'main',
  subscribe({ onFrame }) {
    const give = () => {
      if (!isFailed) onFrame({ timestampUs: 0, data: Buffer.alloc(30_000, 7) })
    }
    setImmediate(give)
    return { ready: () => setImmediate(give), close() {} }
  }
}
await transport.start(run, new Map([['main', stream]]))
