// Builds the camera helper when it is missing and all that it takes is there. Run after an installation, and by scripts/bootstrap.mjs in the
// repository. It never fails: the server builds the helper by itself when it needs it, and tells then what is wrong.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What tsc made; not there yet when npm installs the repository itself. */
const build = new URL('../dist/build/index.js', import.meta.url)
const sources = fileURLToPath(new URL('../helper/', import.meta.url))

/**
 * Prints a line when it builds and when that fails, else nothing.
 * @param stamp a file that remembers that all is done, so that the next time costs next to nothing.
 */
export async function installHelper(stamp) {
  try {
    if (isSkipped() || !hasTools() || !existsSync(build) || isDone(stamp)) return
    const { buildHelper, inspectHelper } = await import(build.href)
    const { path, toolchain, failed } = await inspectHelper()
    if (path !== undefined) return remember(stamp, path, toolchain.pkgConfig)
    if (toolchain.missing.length > 0 || failed !== undefined) return
    say(`Building the camera helper for libcamera ${toolchain.libcamera}; this is done once and takes up to a minute…`)
    const built = await untilSignal((signal) => buildHelper({ signal }))
    remember(stamp, built.path, toolchain.pkgConfig)
  } catch (error) {
    say(`streamer: ${error?.message ?? error} (\`streamer setup-camera\` tries again)`)
  }
}

function say(text) {
  process.stderr.write(`${text}\n`)
}

function isSkipped() {
  const { STREAMER_SKIP_HELPER_BUILD, npm_config_ignore_scripts: ignored } = process.env
  return Boolean(STREAMER_SKIP_HELPER_BUILD) || (Boolean(ignored) && ignored !== 'false')
}

/** Keeps machines without a compiler, most of them, from loading anything. */
function hasTools() {
  const { CXX = '', PKG_CONFIG = '', PATH = '' } = process.env
  return [CXX.trim() || 'g++', PKG_CONFIG.trim() || 'pkg-config'].every((command) => {
    const [program = ''] = command.split(/\s+/)
    return program.includes('/')
      ? existsSync(program)
      : PATH.split(delimiter).some((folder) => existsSync(join(folder, program)))
  })
}

/** Where helpers are kept depends on these. */
function place() {
  const { STREAMER_CACHE_DIR, XDG_CACHE_HOME, HOME, PKG_CONFIG } = process.env
  return [STREAMER_CACHE_DIR, XDG_CACHE_HOME, HOME, PKG_CONFIG, process.arch]
}

/** As they are now: the sources, and these files. */
function stateOf(files) {
  const all = [...readdirSync(sources).map((name) => join(sources, name)), ...files]
  return JSON.stringify([place(), all.map((file) => [file, statSync(file).mtimeMs, statSync(file).size])])
}

function isDone(stamp) {
  if (stamp === undefined) return false
  try {
    const { files, state } = JSON.parse(readFileSync(stamp, 'utf8'))
    return stateOf(files) === state
  } catch {
    return false
  }
}

/** Another libcamera comes with another libcamera.pc. Where nothing can be remembered, the next time takes a little longer. */
function remember(stamp, helper, [pkgConfig, ...args]) {
  if (stamp === undefined) return
  try {
    const folder = execFileSync(pkgConfig, [...args, '--variable=pcfiledir', 'libcamera'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore']
    })
    const files = [helper, join(folder.trim(), 'libcamera.pc')]
    writeFileSync(stamp, JSON.stringify({ files, state: stateOf(files) }))
  } catch {
    // See above.
  }
}

/** The compiler does not hear Ctrl-C by itself. */
async function untilSignal(work) {
  const abort = new AbortController()
  const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }
  const handlers = Object.entries(exitCodes).map(([name, exitCode]) => {
    const handler = () => {
      abort.abort(new Error(`the build was ended by ${name}`))
      process.exitCode = exitCode
    }
    process.on(name, handler)
    return () => process.off(name, handler)
  })
  try {
    return await work(abort.signal)
  } catch (error) {
    if (abort.signal.aborted) process.exit()
    throw error
  } finally {
    for (const remove of handlers) remove()
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) await installHelper()
