// Makes `npm start` and `npm test` work on a fresh clone: installs what the lock says when it has not been, then builds, for `npm start` also
// the helper of cameras where there is a compiler.
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const forTests = process.argv[2] === 'test'
const modules = join(root, 'node_modules')
/** The test tools are there; an installation for `start` alone leaves them out. */
const hasTestTools = existsSync(join(modules, 'vitest'))

/** Whether what is installed is what the lock says: npm writes this file last. */
function isUpToDate() {
  const installed = join(modules, '.package-lock.json')
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs
}

function run(command, args, shell = false) {
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], shell })
  if (result.error) console.error(`bootstrap: cannot run ${command}: ${result.error.message}`)
  if (result.status !== 0) process.exit(result.status ?? 1)
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Streamer needs Node 20.19 or later; this is ${process.versions.node}.`)
  process.exit(1)
}

if (!isUpToDate() || (forTests && !hasTestTools)) {
  const withTestTools = forTests || hasTestTools
  console.error(`Installing packages${withTestTools ? ', with the test tools' : ''}; this is done once…`)
  const options = ['--no-audit', '--no-fund', '--loglevel=error', ...(withTestTools ? [] : ['--omit=dev'])]
  run('npm', ['ci', ...options], process.platform === 'win32')
}
run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-b'])
if (!forTests) {
  const { installHelper } = await import('../packages/source-libcamera/scripts/install.mjs')
  await installHelper(join(modules, '.streamer-helper.json'))
}
