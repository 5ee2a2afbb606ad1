import { once } from 'node:events'
import { copyFile, rm, writeFile } from 'node:fs/promises'
import { get } from 'node:https'
import { join } from 'node:path'
import { connect, createServer } from 'node:tls'
import { type Logger, silentLogger } from '@streamer/core/plugin'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Certificate, makeCertificate } from '../../../test/support/certificate.js'
import { KeepingLogger } from '../../../test/support/keeping-logger.js'
import { configSchema, HttpTransport } from '../src/index.js'
import { CertificateFiles } from '../src/tls.js'
import { RawClient, StandInStream, standInContext, standInPicture, standInRun } from './stand-ins.js'

let certificate: Certificate
let renewed: Certificate
const stops: Array<() => unknown> = []

beforeAll(() => {
  certificate = makeCertificate()
  renewed = makeCertificate()
})

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

afterAll(async () => {
  await certificate.remove()
  await renewed.remove()
})

async function served(options: object = {}, baseDir = certificate.folder, logger: Logger = silentLogger) {
  const stream = new StandInStream('camera')
  const streams = new Map([['camera', stream]])
  const parsed = configSchema.parse({ host: '127.0.0.1', port: 0, tls: certificate.tls, ...options })
  const transport = new HttpTransport(parsed, { ...standInContext(streams), baseDir, logger })
  const urls = await transport.start(standInRun(), streams)
  stops.push(() => transport.stop())
  return { transport, urls, stream, port: Number(new URL(urls[0]!).port) }
}

describe('with a certificate', () => {
  test('the page, the state and streams come over HTTPS', async () => {
    const { urls, stream, port } = await served()
    expect(urls).toEqual([`https://127.0.0.1:${port}/`, `https://127.0.0.1:${port}/stream.mjpg`])
    const [state] = await once(
      get(`https://127.0.0.1:${port}/state`, { ca: certificate.cert, agent: false }),
      'response'
    )
    expect(state.statusCode).toBe(200)
    state.destroy()
    const [answer] = await once(
      get(`https://127.0.0.1:${port}/stream.mjpg`, { ca: certificate.cert, agent: false }),
      'response'
    )
    await stream.clients(1)
    let bytes = Buffer.alloc(0)
    answer.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
    })
    const picture = standInPicture(7, 50_000)
    stream.publish(picture)
    await vi.waitFor(() => expect(bytes.includes(picture)).toBe(true), { timeout: 10_000 })
    answer.destroy()
    await stream.clients(0)
  })

  test('who speaks plain HTTP or an old TLS is turned away and counted', async () => {
    const { port, transport } = await served()
    const plain = new RawClient(port, 'GET /state HTTP/1.1\r\nHost: x\r\n\r\n')
    await plain.closed
    expect(plain.text).not.toContain('HTTP/1.1')
    const old = connect({ port, host: '127.0.0.1', ca: certificate.cert, minVersion: 'TLSv1', maxVersion: 'TLSv1.1' })
    await expect(once(old, 'secureConnect')).rejects.toThrow()
    await vi.waitFor(() => expect(transport.stats().tlsErrors).toBe(2))
    expect(transport.stats().badRequests).toBe(0)
  })

  test('who never finishes the handshake is cut and counted', async () => {
    const { port, transport } = await served({ headTimeoutMs: 150 })
    const silent = new RawClient(port)
    // The head of a record that never comes (RFC 8446 section 5.1).
    const half = new RawClient(port)
    half.socket.write(Buffer.of(22, 3, 1, 2, 0, 1))
    await Promise.all([silent.closed, half.closed])
    await vi.waitFor(() => expect(transport.stats().tlsErrors).toBe(2))
    expect([silent, half].map(({ text }) => text)).toEqual(['', ''])
    expect(transport.stats().badRequests).toBe(0)
  })

  test('a stream is no unused connection', async () => {
    const { port, stream, transport } = await served({ maxClients: 1 })
    const answered = once(
      get(`https://127.0.0.1:${port}/stream.mjpg`, { ca: certificate.cert, agent: false }),
      'response'
    )
    const [answer] = await answered
    stops.push(() => answer.destroy())
    await stream.clients(1)
    // More than there is room for.
    const idle = Array.from({ length: 70 }, () => new RawClient(port))
    stops.push(() => {
      for (const client of idle) client.close()
    })
    await vi.waitFor(() => expect(transport.stats().refusedConnections).toBeGreaterThanOrEqual(7), { timeout: 10_000 })
    expect(stream.stats().clients).toHaveLength(1)
  })

  test.each([
    [{ cert: 'missing.pem', key: 'key.pem' }, 'tls.cert: cannot read'],
    [{ cert: 'cert.pem', key: 'missing.pem' }, 'tls.key: cannot read'],
    [{ cert: 'key.pem', key: 'key.pem' }, 'cannot be used']
  ])('%j is a mistake of the configuration', async (tls, text) => {
    await expect(served({ tls })).rejects.toMatchObject({
      code: 'ERR_CONFIG_INVALID',
      message: expect.stringContaining(text)
    })
  })
})

describe('a certificate', () => {
  /** The serial number of what the server shows. */
  async function shown(port: number): Promise<string> {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    const { serialNumber } = socket.getPeerCertificate()
    socket.destroy()
    return serialNumber
  }

  test('is read again when its files change, and kept while they are unusable', async () => {
    const own = makeCertificate()
    stops.push(() => own.remove())
    const files = new CertificateFiles(own.tls, 'http', own.folder)
    const server = createServer(await files.read())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    stops.push(() => server.close())
    const { port } = server.address() as { port: number }
    const failures: string[] = []
    files.follow(server, (text) => failures.push(text), 10)
    stops.push(() => files.close())
    const first = await shown(port)
    await writeFile(join(own.folder, 'cert.pem'), 'no certificate')
    await vi.waitFor(() => expect(failures).toHaveLength(1), { timeout: 10_000 })
    expect(failures[0]).toMatch(
      /^tls: .*cert\.pem and .*key\.pem cannot be used: .*; the certificate that was read before stays$/
    )
    expect(await shown(port)).toBe(first)
    await rm(join(own.folder, 'key.pem'))
    await vi.waitFor(() => expect(failures).toHaveLength(2), { timeout: 10_000 })
    expect(failures[1]).toMatch(
      /^tls\.key: cannot read .*key\.pem: ENOENT.*; the certificate that was read before stays$/
    )
    expect(await shown(port)).toBe(first)
    for (const name of ['cert.pem', 'key.pem']) await copyFile(join(renewed.folder, name), join(own.folder, name))
    await expect.poll(() => shown(port), { timeout: 10_000 }).not.toBe(first)
  })

  // Some ten seconds, because it is the transport's own pace.
  test('of a transport is read again while it runs; what is wrong with a new one is in the log', async () => {
    const own = makeCertificate()
    stops.push(() => own.remove())
    const logger = new KeepingLogger()
    const stoppedLogger = new KeepingLogger()
    const stopped = await served({ tls: own.tls }, own.folder, stoppedLogger)
    const { port, stream } = await served({ tls: own.tls }, own.folder, logger)
    await stopped.transport.stop()
    const first = await shown(port)
    const watching = get(`https://127.0.0.1:${port}/stream.mjpg`, { ca: own.cert, agent: false })
    const [answer] = await once(watching, 'response')
    stops.push(() => answer.destroy())
    await writeFile(join(own.folder, 'cert.pem'), 'no certificate')
    await logger.says(/^tls: .*cannot be used: .*; the certificate that was read before stays$/)
    expect(await shown(port)).toBe(first)
    // It would have looked before the other one.
    expect(stoppedLogger.lines).not.toContainEqual(expect.stringContaining('tls:'))
    for (const name of ['cert.pem', 'key.pem']) await copyFile(join(renewed.folder, name), join(own.folder, name))
    await expect.poll(() => shown(port), { timeout: 30_000, interval: 200 }).not.toBe(first)
    // Who is connected stays so.
    await stream.clients(1)
    const picture = standInPicture(1, 100)
    stream.publish(picture)
    await new Promise<void>((resolve) => {
      let bytes = Buffer.alloc(0)
      answer.on('data', (chunk: Buffer) => {
        bytes = Buffer.concat([bytes, chunk])
        if (bytes.includes(picture)) resolve()
      })
    })
  })
})
