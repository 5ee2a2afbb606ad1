import { readFileSync } from 'node:fs'
import jpeg from '@streamer/encoder-jpeg'
import command from '@streamer/source-command'
import fake from '@streamer/source-fake'
import libcamera from '@streamer/source-libcamera'
import { expect, it } from 'vitest'
import { encoderRules } from '../src/contract/encoder-rules.js'
import { sourceRules } from '../src/contract/source-rules.js'
import { transportRules } from '../src/contract/transport-rules.js'
import { connect } from './broken-transports/client.js'
import { SoundTransport, soundPlugin } from './broken-transports/sound.js'
import { writerPlugin } from './broken-transports/writer.js'

const transports = [
  soundPlugin(),
  soundPlugin(SoundTransport, { supports: { reliable: false } }),
  soundPlugin(SoundTransport, { supports: { severalStreams: false } }),
  writerPlugin()
]
const contracts = {
  transportContract: transports.flatMap((plugin) => transportRules({ plugin, options: () => ({}), connect })),
  sourceContract: [fake, command, libcamera].flatMap((plugin) =>
    sourceRules({ plugin: plugin as typeof fake, options: {}, impossible: {} })
  ),
  encoderContract: encoderRules({ plugin: jpeg })
}

it.each(Object.entries(contracts))('the README lists what %s checks', (contract, rules) => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const section = readme.split(/^### /m).find((text) => text.startsWith(contract)) ?? ''
  const groups = new Map<string, Set<string>>()
  for (const { group, name } of rules) groups.set(group, (groups.get(group) ?? new Set()).add(name))
  const lines = Array.from(groups, ([group, names]) => [
    `- **${group}**`,
    ...Array.from(names, (name) => `  - ${name}`)
  ])
  const list = lines.flat().join('\n')
  if (!section.includes(list)) console.log(list)
  expect(section.includes(list)).toBe(true)
})
