import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../support/documents.js'

/** The parts of a package.json that the tests look at. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly description?: string
  readonly license?: string
  readonly type?: string
  readonly keywords?: readonly string[]
  readonly engines?: Readonly<Record<string, string>>
  readonly files?: readonly string[]
  readonly publishConfig?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly [key: string]: unknown
}

/** A package of this repository that others can install. */
export interface PublishedPackage {
  readonly name: string
  /** From the project's folder: `packages/core`. */
  readonly folder: string
  readonly manifest: Manifest
}

/** Every package that is not private, by name. */
export const publishedPackages: readonly PublishedPackage[] = readdirSync(join(root, 'packages'))
  .map((folder) => {
    const manifest = readManifest(join(root, 'packages', folder))
    return { name: manifest.name, folder: `packages/${folder}`, manifest }
  })
  .filter(({ manifest }) => manifest.private !== true)

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
}
