import { afterEach, describe, expect, test } from 'vitest'
import { RawClient, type Served, serve } from './stand-ins.js'

const running: Served[] = []
const clients: RawClient[] = []

afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  for (const { transport } of running.splice(0)) await transport.stop()
})

async function served(options: object = {}): Promise<Served> {
  const one = await serve(options)
  running.push(one)
  return one
}

function raw(port: number, request: string): RawClient {
  const client = new RawClient(port, request)
  clients.push(client)
  return client
}

/** What a proxy may take for the body of the first request, and we would take for another one. */
const hidden = 'DELETE /hidden HTTP/1.1\r\nHost: test\r\n\r\n'

/** A proxy before us and we must not see different requests in the same bytes (RFC 9112 section 11.2); where they are ambiguous there is no answer but 400. */
describe('a request whose end can be seen in two places', () => {
  test.each([
    ['two lengths', `Content-Length: 0\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`],
    ['two equal lengths', `Content-Length: 0\r\nContent-Length: 0\r\n\r\n${hidden}`],
    ['two lengths in one field', `Content-Length: 0, ${hidden.length}\r\n\r\n${hidden}`],
    ['a length below 0', `Content-Length: -1\r\n\r\n${hidden}`],
    ['a length with a plus', `Content-Length: +0\r\n\r\n${hidden}`],
    ['a length beyond all numbers', `Content-Length: 99999999999999999999999\r\n\r\n${hidden}`],
    [
      'a length and chunks',
      `Content-Length: ${5 + hidden.length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`
    ],
    ['chunks and a length', `Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${hidden}`],
    ['an encoding that is none', `Transfer-Encoding: xchunked\r\n\r\n${hidden}`],
    ['chunks that are not the last encoding', `Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${hidden}`],
    ['a chunk without a size', `Transfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n${hidden}`],
    ['a chunk longer than its size', `Transfer-Encoding: chunked\r\n\r\n1\r\nabcd\r\n0\r\n\r\n${hidden}`],
    ['a space before a colon', `Content-Length : ${hidden.length}\r\n\r\n${hidden}`],
    ['a field that goes on in the next line', `X: y\r\n Content-Length: ${hidden.length}\r\n: z\r\n\r\n${hidden}`],
    ['a line that ends with CR alone', `X: y\rContent-Length: ${hidden.length}\r\n\r\n${hidden}`],
    ['a zero byte in a field', `X: \0y\r\n\r\n${hidden}`]
  ])('because of %s is 400, and what follows is never a request', async (_, rest) => {
    const { port, transport } = await served()
    const client = raw(port, `GET /health HTTP/1.1\r\nHost: test\r\n${rest}`)
    await client.closed
    expect(client.text.split('HTTP/1.1 ').slice(1)).toSatisfy(
      (answers: string[]) => answers.length >= 1 && answers.length <= 2 && answers.at(-1)!.startsWith('400 Bad Request')
    )
    // The first may have been answered before its body turned out to be none; the hidden one is neither answered nor counted.
    expect(client.text).not.toContain('DELETE')
    expect(transport.stats()).toMatchObject({ badRequests: 1, methodsNotAllowed: 0 })
    expect(transport.stats().requests).toBeLessThanOrEqual(1)
  })

  test('is not one that has a body: that is thrown away, and what follows is the next request', async () => {
    const { port, transport } = await served()
    const body = 'DELETE /hidden HTTP/1.1\r\n\r\n'
    const client = raw(
      port,
      `GET /health HTTP/1.1\r\nHost: test\r\nContent-Length: ${body.length}\r\n\r\n${body}` +
        `GET /health HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n` +
        'GET /health/ready HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n'
    )
    await client.closed
    expect(client.text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3)
    expect(transport.stats()).toMatchObject({ requests: 3, badRequests: 0, methodsNotAllowed: 0 })
  })
})

test('a path that climbs is a name that does not exist, wherever it is written', async () => {
  const plain = await served()
  const below = await served({ basePath: '/camera' })
  const climbs = [
    '/../../etc/passwd',
    '/..%2f..%2fetc%2fpasswd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/page/../../package.json'
  ]
  const more = [
    '/page/..%2f..%2fpackage.json',
    '/page/%2e%2e%2fwire.js',
    '/..\\..\\etc\\passwd',
    '//etc/passwd',
    '/page//etc/passwd'
  ]
  for (const path of [...climbs, ...more]) {
    for (const [{ port }, target] of [
      [plain, path],
      [below, `/camera${path}`],
      [below, path]
    ] as const) {
      const client = raw(port, `GET ${target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n`)
      await client.closed
      expect(client.text, target).toMatch(/^HTTP\/1\.1 404 /)
    }
  }
  // What leads out of the folder of the proxy leads nowhere, though there is such an address.
  for (const target of [
    '/camera/../state',
    '/camera/..%2fstate',
    '/x/../camera/state',
    '//camera/state',
    '/camera%2fstate'
  ]) {
    const client = raw(below.port, `GET ${target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n`)
    await client.closed
    expect(client.text, target).toMatch(/^HTTP\/1\.1 404 /)
  }
})
