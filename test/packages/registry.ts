import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Manifest, publishedPackages } from './published.js'

/**
 * A stand-in for a package registry that has the packed packages of this repository and no others, so that they are installed as after a release:
 * by name and version, without paths to this repository.
 */
export class StandInRegistry {
  readonly #server: Server
  readonly #tarballs: Readonly<Record<string, string>>

  private constructor(tarballs: Readonly<Record<string, string>>) {
    this.#tarballs = tarballs
    this.#server = createServer((request, response) => {
      const answer = this.#answerTo(decodeURIComponent(request.url ?? ''))
      // Nothing of a test run stays in npm's cache.
      response.writeHead(answer === undefined ? 404 : 200, { 'Cache-Control': 'no-store' })
      response.end(answer ?? `{"error":"the stand-in registry has no ${request.url}"}`)
    })
  }

  /** @param tarballs absolute path of each package's tarball, by name. */
  static async start(tarballs: Readonly<Record<string, string>>): Promise<StandInRegistry> {
    const registry = new StandInRegistry(tarballs)
    registry.#server.listen(0, '127.0.0.1')
    await once(registry.#server, 'listening')
    return registry
  }

  /** The line of an `.npmrc` that takes the packages from here. Others come from where they always do. */
  get npmrc(): string {
    return `@streamer:registry=${this.#url}\n`
  }

  async stop(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  get #url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  #answerTo(path: string): string | Buffer | undefined {
    const tarball = this.#tarballs[path.slice(1).replace(/\.tgz$/, '')]
    const published = publishedPackages.find(({ name }) => name === path.slice(1).replace(/\.tgz$/, ''))
    if (tarball === undefined || published === undefined) return undefined
    const bytes = readFileSync(tarball)
    return path.endsWith('.tgz') ? bytes : JSON.stringify(this.#packument(published.manifest, bytes))
  }

  /** What a registry tells of a package, as far as npm looks at it. */
  #packument(manifest: Manifest, tarball: Buffer): unknown {
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
    const { postinstall } = (manifest.scripts ?? {}) as { postinstall?: string }
    return {
      name: manifest.name,
      'dist-tags': { latest: manifest.version },
      versions: {
        [manifest.version]: {
          ...manifest,
          ...(postinstall && { hasInstallScript: true }),
          dist: { integrity, tarball: `${this.#url}${manifest.name}.tgz` }
        }
      }
    }
  }
}
