import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { encodeParity, repairData } from '../src/index.js'

test('the example of the README prints the sentence that was lost', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const [, program = ''] =
    /^```js\nimport \{ encodeParity, repairData \} from '@streamer\/reed-solomon'\n([\s\S]*?)^```$/m.exec(readme) ?? []
  const printed: string[] = []
  const run = new Function('encodeParity', 'repairData', 'console', program)
  run(encodeParity, repairData, { log: (line: string) => printed.push(line) })
  expect(printed).toEqual(['Any two of the four pieces of this sentence may be lost.'])
})
