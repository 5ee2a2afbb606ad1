import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { root } from '../support/documents.js'
import { run, userEnvironment } from './programs.js'
import { publishedPackages } from './published.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** Absolute path of each published package's tarball, by the package's name. */
    tarballs: Record<string, string>
  }
}

/** Builds and packs every published package once, as a release does. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'streamer-packed-'))
  const options = { cwd: root, env: userEnvironment() }
  await run('npm', ['run', 'build'], options)
  const workspaces = publishedPackages.map(({ name }) => `--workspace=${name}`)
  await run('npm', ['pack', ...workspaces, '--pack-destination', folder], options)
  const tarballs = publishedPackages.map(({ name, manifest }) => [
    name,
    join(folder, `${name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`)
  ])
  project.provide('tarballs', Object.fromEntries(tarballs))
  return () => rm(folder, { recursive: true, force: true })
}
