// Makes `npm start` and `npm test` work on a fresh clone: installs what the lock says when it has not been, then builds.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const forTests = process.argv[2] === 'test'
const lock = join(root, 'package-lock.json')
const stamp = join(root, 'node_modules', '.streamer-install')

/** What is installed: `start` (what serving needs) or `test` (all), or nothing that is newer than the lock. */
function installed() {
  if (!existsSync(stamp) || statSync(stamp).mtimeMs < statSync(lock).mtimeMs) return ''
  return readFileSync(stamp, 'utf8')
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

const have = installed()
if (have !== 'test' && (forTests || have !== 'start')) {
  console.error(`Installing packages (${forTests ? 'with the test tools' : 'once'})…`)
  run(
    'npm',
    ['ci', '--no-audit', '--no-fund', '--loglevel=error', ...(forTests ? [] : ['--omit=dev'])],
    process.platform === 'win32'
  )
  writeFileSync(stamp, forTests ? 'test' : 'start')
}
run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-b'])
