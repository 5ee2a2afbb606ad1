import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StandInTools } from './build-stand-ins.js'

const script = fileURLToPath(new URL('../scripts/install.mjs', import.meta.url))

let tools: StandInTools

beforeEach(async () => {
  tools = await StandInTools.create()
})

afterEach(async () => {
  await tools.dispose()
})

/** Runs what `tsc -b` made, as npm does. */
async function install(env: Record<string, string> = {}, stamp?: string) {
  const code = `import { installHelper } from ${JSON.stringify(script)}; await installHelper(${JSON.stringify(stamp)})`
  const args = stamp === undefined ? [script] : ['--input-type=module', '-e', code]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { env: { ...tools.env, ...env } })
  expect(stdout).toBe('')
  return stderr
}

const kept = () => readdir(tools.cache).catch(() => [])

describe('scripts/install.mjs', () => {
  it('builds the helper when all that it takes is there, and says nothing when it is built', async () => {
    expect(await install()).toBe(
      'Building the camera helper for libcamera 9.8.7; this is done once and takes up to a minute…\n'
    )
    expect(await kept()).toHaveLength(1)
    expect(await install()).toBe('')
  })

  it('is silent where something is missing, or when it is told to leave it', async () => {
    await tools.installLibraries({ libcamera: '9.8.7' })
    expect(await install()).toBe('')
    await tools.installLibraries({ libcamera: '9.8.7', libjpeg: '2.1.5' })
    expect(await install({ STREAMER_SKIP_HELPER_BUILD: '1' })).toBe('')
    expect(await install({ npm_config_ignore_scripts: 'true' })).toBe('')
    await tools.remove('stand-in-compiler')
    expect(await install()).toBe('')
    expect(await kept()).toEqual([])
  })

  it('never fails, and tells once when building does', async () => {
    await tools.installOtherCompiler('echo "main.cpp:1:1: error: no" >&2; exit 1')
    expect(await install()).toMatch(
      /^Building .*\nstreamer: cannot build the camera helper: .*error: no \(`streamer setup-camera` tries again\)\n$/
    )
    expect(await install()).toBe('')
  })

  it('asks nobody anything while nothing has changed since it was done', async () => {
    const stamp = join(tools.folder, 'stamp')
    const pc = join(tools.folder, 'pc')
    await mkdir(pc)
    await writeFile(join(pc, 'libcamera.pc'), 'Version: 9.8.7\n')
    const asks = await readFile(join(tools.folder, 'bin/stand-in-pkg-config'), 'utf8')
    await writeFile(
      join(tools.folder, 'bin/stand-in-pkg-config'),
      asks.replace('case "$*" in', `case "$*" in "--variable=pcfiledir libcamera") echo '${pc}'; exit;;`)
    )
    expect(await install({}, stamp)).toMatch(/^Building/)
    const calls = (await tools.calls('stand-in-pkg-config')).length
    expect(await install({}, stamp)).toBe('')
    expect(await tools.calls('stand-in-pkg-config')).toHaveLength(calls)
    await writeFile(join(pc, 'libcamera.pc'), 'Version: 10.0.0\n')
    expect(await install({}, stamp)).toBe('')
    expect((await tools.calls('stand-in-pkg-config')).length).toBeGreaterThan(calls)
  })
})
