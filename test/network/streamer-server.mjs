/**
 * A server for tests in networks of their own: `node streamer-server.mjs '{"use":"udp",…}'` with the fake camera. Says `listening` with its addresses;
 * `said` with each line of its log; answers `stats` with the counters of its transport; ends with its standard input, or by SIGTERM.
 */
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { compose } from '../../packages/core/dist/index.js'

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`)
const tell = (text) => say({ said: text })
const logger = { error: tell, warn: tell, info: tell, debug: () => {}, child: () => logger }
const streamer = await compose(
  {
    source: { use: 'fake', output: 'jpeg', width: 320, height: 240, framerate: 30 },
    transports: [JSON.parse(process.argv[2])]
  },
  { cwd: import.meta.dirname, logger }
)
await streamer.start()
say({ listening: streamer.urls })
createInterface(process.stdin).on('line', (line) => {
  if (JSON.parse(line).stats) say({ stats: streamer.transports()[0].counters })
})
await Promise.race([once(process.stdin, 'end'), once(process, 'SIGTERM')])
await streamer.stop()
process.stdin.destroy()
