import { X509Certificate } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { get } from 'node:https'
import { join } from 'node:path'
import { compose } from '@streamer/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Workplace } from './run-command.js'

let place: Workplace

beforeEach(async () => {
  place = await Workplace.create()
})

afterEach(async () => {
  await place.dispose()
})

const inFolder = (name: string) => join(place.folder, name)

/** The status of an answer over HTTPS by a server whose certificate `ca` vouches for. */
function statusOf(url: string, ca: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(url, { ca, agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode)
    }).on('error', reject)
  })
}

describe('streamer cert', () => {
  it('makes a certificate that a server can show, and that is good for its names and addresses', async () => {
    const { code, stdout, stderr } = await place.run(['cert', '--out', 'tls', '--also-for', 'Camera.Example'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('camera.example')
    const pem = await readFile(inFolder('tls/cert.pem'), 'utf8')
    const certificate = new X509Certificate(pem)
    expect(certificate.checkHost('camera.example')).toBe('camera.example')
    expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1')
    expect(certificate.checkHost('evil.example')).toBeUndefined()
    expect(certificate.ca).toBe(false)
    expect((await stat(inFolder('tls/key.pem'))).mode & 0o777).toBe(0o600)
    // What it prints for the configuration is what works.
    const [, cert, key] = /tls: \{ cert: "(.*)", key: "(.*)" \}/.exec(stdout)!
    const tls = { cert: inFolder(cert!), key: inFolder(key!) }
    const streamer = await compose({ transports: [{ use: 'http', host: '127.0.0.1', port: 0, tls }] })
    await streamer.start()
    try {
      const { port } = new URL(streamer.urls[0]!)
      expect(await statusOf(`https://127.0.0.1:${port}/health/live`, pem)).toBe(200)
    } finally {
      await streamer.stop()
    }
  })

  it('leaves what is there alone, unless it is told not to', async () => {
    await writeFile(inFolder('key.pem'), 'mine')
    const refused = await place.run(['cert'])
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('key.pem is there already') })
    expect(await readFile(inFolder('key.pem'), 'utf8')).toBe('mine')
    await expect(stat(inFolder('cert.pem'))).rejects.toThrow('ENOENT')
    expect((await place.run(['cert', '--force'])).code).toBe(0)
    expect(await readFile(inFolder('key.pem'), 'utf8')).toContain('PRIVATE KEY')
    expect((await stat(inFolder('key.pem'))).mode & 0o777).toBe(0o600)
  })

  it('says which name is none', async () => {
    const { code, stderr } = await place.run(['cert', '--also-for', 'https://camera'])
    expect(code).toBe(2)
    expect(stderr).toContain('--also-for: "https://camera" is neither')
    await expect(stat(inFolder('key.pem'))).rejects.toThrow('ENOENT')
  })
})
