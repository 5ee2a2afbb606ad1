import { writeFile } from 'node:fs/promises'
import { get, type RequestOptions, request } from 'node:https'
import { join } from 'node:path'
import { compose, type Streamer } from '@streamer/core'
import { hashPassword, makeLinkToken } from '@streamer/transport-http'
import { afterEach, expect, test } from 'vitest'
import { type Certificate, makeCertificate } from './support/certificate.js'

let certificate: Certificate
let streamer: Streamer | undefined

afterEach(async () => {
  await streamer?.stop()
  streamer = undefined
  await certificate.remove()
})

/** The status and what came with it; of a stream the first 20 kB. */
function ask(url: string, options: RequestOptions = {}, body?: string): Promise<readonly [number, string]> {
  return new Promise((resolve, reject) => {
    const sent = (body === undefined ? get : request)(
      url,
      { ca: certificate.cert, agent: false, ...options },
      (answer) => {
        let text = ''
        const end = () => resolve([answer.statusCode ?? 0, text])
        answer.setEncoding('latin1').on('data', (more: string) => {
          text += more
          if (text.length > 20_000) {
            end()
            answer.destroy()
          }
        })
        answer.on('end', end)
      }
    )
    sent.on('error', reject)
    if (body !== undefined) sent.end(body)
  })
}

test('in a thread of its own the server keeps its users, its key and its certificate', async () => {
  certificate = makeCertificate()
  const key = 'sixteen characters and more'
  await writeFile(join(certificate.folder, 'link.key'), `${key}\n`)
  const source = { use: 'fake', output: 'jpeg', width: 160, height: 120 } as const
  const users = {
    anna: { password: await hashPassword('secret'), role: 'admin' },
    ben: { password: await hashPassword('look'), role: 'viewer' }
  }
  streamer = await compose(
    {
      streams: { front: { source }, back: { source } },
      transports: [
        // Files by names that refer to the folder of the configuration.
        { use: 'http', isolate: true, host: '127.0.0.1', port: 0, users, keyFile: 'link.key', tls: certificate.tls }
      ]
    },
    { cwd: certificate.folder }
  )
  await streamer.start()
  const [page = ''] = streamer.urls
  expect(page).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/$/)

  expect(await ask(`${page}state`)).toMatchObject([401, 'this needs a name and a password\n'])
  expect(await ask(`${page}state`, { auth: 'anna:wrong' })).toMatchObject([401, expect.stringContaining('wrong')])
  expect(await ask(`${page}state`, { auth: 'ben:look' })).toMatchObject([200, expect.stringContaining('"front"')])
  expect(await ask(`${page}front/stream.mjpg`, { auth: 'ben:look' })).toMatchObject([
    200,
    expect.stringContaining('\xff\xd8')
  ])

  const token = makeLinkToken({ stream: 'front', expiresAtMs: Date.now() + 3_600_000 }, Buffer.from(key))
  expect(await ask(`${page}front/snapshot.jpg?token=${token}`)).toMatchObject([200, expect.stringMatching(/^\xff\xd8/)])
  expect(await ask(`${page}back/snapshot.jpg?token=${token}`)).toMatchObject([403, expect.stringContaining('"front"')])
  expect(await ask(`${page}front/snapshot.jpg?token=x${token}`)).toMatchObject([
    401,
    expect.stringContaining('not one')
  ])

  const change = { method: 'PATCH', headers: { 'Content-Type': 'application/json' } }
  const controls = `${page}api/v1/streams/front/controls`
  const values = JSON.stringify({ brightness: 0.5 })
  expect(await ask(controls, { ...change, auth: 'ben:look' }, values)).toMatchObject([403, expect.any(String)])
  expect(await ask(controls, { ...change, auth: 'anna:secret' }, values)).toMatchObject([200, expect.any(String)])
  expect(streamer.streams.get('front')?.controls?.values()).toMatchObject({ brightness: 0.5 })
})
