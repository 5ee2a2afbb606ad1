import { readFileSync } from 'node:fs'
import { startStreamer } from '@streamer/testkit'
import { expect, onTestFinished, test } from 'vitest'
import { receiving } from './support.js'

test('the example of the README prints its frames, and ends', async () => {
  const server = await startStreamer({ transports: [{ use: 'udp', port: 0 }] })
  onTestFinished(() => server.stop())
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const [, program = ''] =
    /^```js\nimport \{ receive \} from '@streamer\/receiver'\n([\s\S]*?)^```$/m.exec(readme) ?? []
  const printed: string[] = []
  const run = new Function('receive', 'console', `return (async () => {${program}})()`)
  await run(() => receiving(server.url('udp')), { log: (line: string) => printed.push(line) })
  expect(printed[0]).toMatch(/^frame 0: \d+ bytes$/)
  expect(printed.at(-1)).toMatch(/^\d+ frames were lost on the way$/)
})
