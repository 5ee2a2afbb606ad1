import { relative, resolve } from 'node:path'
import { type CommandLine, ownVersion } from '../arguments.js'
import { colours } from '../colours.js'
import { pluginFiles, writeFiles } from '../create-plugin/files.js'
import { checkName, kindOf, packageNameOf } from '../create-plugin/plugin-name.js'
import { howCalled } from '../how-called.js'
import { aligned, print } from '../listing.js'

/** What the files of a new plugin are good for. */
const purposes: Readonly<Record<string, string>> = {
  'src/index.ts': 'the plugin itself: change it into yours',
  'src/worker.js': 'what it does in a thread of its own',
  'test/contract.test.ts': 'proves that it keeps the rules of Streamer',
  'test/server.test.ts': 'tries it in a whole server',
  'README.md': 'its options, and how it is used',
  '.streamerrc': 'a configuration that uses it'
}

/** `streamer create-plugin`: writes a package that works, with tests. */
export async function createPlugin(line: CommandLine): Promise<number> {
  const [asked = '', name = ''] = line.operands
  const kind = kindOf(asked)
  checkName(kind, name)
  const folder = resolve(line.values.folder?.at(-1) ?? packageNameOf(kind, name))
  const shown = relative(process.cwd(), folder) || '.'
  const files = pluginFiles(kind, name, ownVersion())
  writeFiles(folder, files, shown, line.switches.has('force'))
  const { bold, dim } = colours(process.stdout)
  print([
    `Wrote the ${kind} ${bold(name)} to ${shown}:`,
    '',
    ...aligned(
      [...files.keys()].map((path) => [path, dim(purposes[path] ?? '')]),
      '  '
    ),
    '',
    'Next:',
    ...(shown === '.' ? [] : [`  cd ${shown}`]),
    '  npm install',
    '  npm test',
    ...aligned([['npm run build'], [howCalled(folder), dim('serves with its .streamerrc')]], '  '),
    '',
    'Choose a licence before you publish it; README.md says how.'
  ])
  return 0
}
