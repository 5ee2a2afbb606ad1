import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { howCalled } from '../src/how-called.js'

it('names npx only where npx finds this very program', async () => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'streamer-called-')))
  try {
    const script = join(folder, 'streamer.js')
    await writeFile(script, '')
    const home = join(folder, 'home')
    await mkdir(join(home, 'node_modules/.bin'), { recursive: true })
    expect(howCalled(home, script)).toBe(`node ${script}`)
    expect(howCalled(folder, script)).toBe('node streamer.js')
    await symlink(script, join(home, 'node_modules/.bin/streamer'))
    expect(howCalled(home, script)).toBe('npx streamer')
    expect(howCalled(folder, '/usr/bin/streamer')).toBe('streamer')
  } finally {
    await rm(folder, { recursive: true })
  }
})
