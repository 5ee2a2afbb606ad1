import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { type Watch, watchHttp, watchTcp, watchUdp } from '../support/clients.js'
import { type InstalledNode, installNode, nodeVersions } from './node-versions.js'
import { OutsideFolder } from './outside.js'
import type { RunningProgram } from './programs.js'
import { StandInRegistry } from './registry.js'

/** What npm says of packages that do not go together or that nobody keeps up. */
const trouble = /peer|ERESOLVE|EBADENGINE|deprecated|vulnerab/i

/** How a JPEG begins, as bytes in a string. */
const jpeg = /\u00ff\u00d8\u00ff/

let registry: StandInRegistry

beforeAll(async () => {
  registry = await StandInRegistry.start(inject('tarballs'))
})

afterAll(() => registry.stop())

describe.each(nodeVersions)('installed from packages in an empty folder, with Node %s', (version) => {
  let node: InstalledNode
  let outside: OutsideFolder
  let installed: string

  beforeAll(async () => {
    node = await installNode(version)
    outside = await OutsideFolder.create(registry, node.path)
    installed = await outside.run('npm', ['install', '@streamer/cli'])
  })

  afterAll(async () => {
    await outside.dispose()
    await node.remove()
  })

  it('runs on that Node', async () => {
    expect(await outside.run('node', ['--version'])).toContain(`v${version}`)
  })

  it('installs without a warning about peers, engines or packages that nobody keeps up', () => {
    expect(installed).not.toMatch(trouble)
  })

  it('serves a camera over HTTP, TCP and UDP, and ends with 0', async () => {
    await outside.write('.streamerrc', configuration('fake'))
    const server = outside.start()
    await framesOfAll(server)
    expect(await server.terminate(), server.output).toEqual({ code: 0, signal: null })
  })

  it('serves the test picture where there is no camera', async () => {
    await outside.write('.streamerrc', configuration('auto'))
    const server = outside.start()
    await framesOfAll(server)
    expect(server.output).toMatch(/test (camera|picture)/)
    expect(await server.terminate(), server.output).toEqual({ code: 0, signal: null })
  })

  describe('a plugin of somebody else', () => {
    const folder = 'streamer-transport-acme'

    it('is written, passes its tests, builds and has nothing wrong with it', async () => {
      await outside.run('npx', ['streamer', 'create-plugin', 'transport', 'acme'])
      await outside.write(`${folder}/.npmrc`, registry.npmrc)
      expect(await outside.run('npm', ['install'], folder)).not.toMatch(trouble)
      expect(await outside.run('npm', ['test'], folder)).toMatch(/Tests .*\d+ passed/)
      await outside.run('npm', ['run', 'build'], folder)
      const findings = await outside.run('npx', ['streamer', 'plugins', 'check', `./${folder}`])
      expect(findings).not.toMatch(/^(problem|warning|hint) /m)
    })

    it('serves beside ours when a path names it', async () => {
      await servesBesideOurs(`./${folder}`)
    })

    it('serves beside ours when its package is installed', async () => {
      await outside.run('npm', ['pack'], folder)
      expect(await outside.run('npm', ['install', `./${folder}/${folder}-0.1.0.tgz`])).not.toMatch(trouble)
      await servesBesideOurs('acme')
    })
  })

  async function servesBesideOurs(use: string): Promise<void> {
    await outside.write('.streamerrc', configuration('fake', use))
    const server = outside.start()
    await framesOfAll(server)
    const [, url = ''] = await server.printed(/acme: (http:\S+)/)
    expect(await firstEventOf(url)).toMatch(jpeg)
    expect(await server.terminate(), server.output).toEqual({ code: 0, signal: null })
  }
})

function configuration(source: string, ...others: readonly string[]): string {
  const transports = ['http', 'tcp', 'udp', ...others].map((use) => `  - { use: ${use}, host: 127.0.0.1, port: 0 }`)
  return [`source: { use: ${source} }`, 'transports:', ...transports, ''].join('\n')
}

/** The picture in the first event of a stream of server-sent events, which is what a new transport is at first. */
async function firstEventOf(url: string): Promise<string> {
  const answer = await fetch(url)
  let text = ''
  for await (const chunk of answer.body ?? []) {
    text += Buffer.from(chunk).toString()
    if (text.includes('\n\n')) break
  }
  return Buffer.from(text.split('\n\n')[0]?.replace('data: ', '') ?? '', 'base64').toString('latin1')
}

const watches: Watch[] = []

afterEach(() => {
  for (const watch of watches.splice(0)) watch.close()
})

/** Sees some frames of each of the three. */
async function framesOfAll(server: RunningProgram): Promise<void> {
  const portOf = async (transport: string) => {
    const [, port] = await server.printed(new RegExp(`${transport}://127\\.0\\.0\\.1:(\\d+)`))
    return Number(port)
  }
  const [http, tcp, udp] = [await portOf('http'), await portOf('tcp'), await portOf('udp')]
  watches.push(await watchHttp(`http://127.0.0.1:${http}/stream.mjpg`), await watchTcp(tcp), await watchUdp(udp))
  for (const watch of watches) {
    await watch.more(3)
    // The payloads of TCP and UDP have a few bytes around the JPEG.
    for (const frame of watch.frames) expect(frame.toString('latin1')).toMatch(jpeg)
  }
}
