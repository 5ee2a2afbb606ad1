import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../support/documents.js'
import { run, userEnvironment } from './programs.js'
import { readManifest } from './published.js'

const oldest = /\d+\.\d+\.\d+/.exec(readManifest(root).engines?.node ?? '')?.[0] ?? ''

/** The oldest version of Node that is promised, and the newest of the next line. */
export const nodeVersions: readonly string[] = [oldest, '22']

/** A Node of another version, in a folder of its own. */
export interface InstalledNode {
  /** Absolute path of the binary. */
  readonly path: string
  remove(): Promise<void>
}

/** Takes the binary from npm's registry, where each platform has a package with that in it. */
export async function installNode(version: string): Promise<InstalledNode> {
  const folder = await mkdtemp(join(tmpdir(), 'streamer-node-'))
  const options = { cwd: folder, env: userEnvironment() }
  await run('npm', ['pack', '--loglevel=error', `node-${process.platform}-${process.arch}@${version}`], options)
  const [tarball = ''] = await readdir(folder)
  // The rest, headers by the thousand, is not needed.
  await run('tar', ['-xzf', tarball, 'package/bin/node'], options)
  return { path: join(folder, 'package/bin/node'), remove: () => rm(folder, { recursive: true, force: true }) }
}
