import { scryptSync } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { addressGroup, isSubnet } from '../src/access/addresses.js'
import { HostCheck } from '../src/access/hosts.js'
import { LinkReader, makeLinkToken } from '../src/access/links.js'
import { LockOut } from '../src/access/lock-out.js'
import { Origins } from '../src/access/origins.js'
import { hashPassword, isPassword, parsePasswordHash } from '../src/access/passwords.js'
import { maxRemembered, Remembered } from '../src/access/remembered.js'
import { Users } from '../src/access/users.js'
import { configSchema } from '../src/index.js'
import { RawClient, type Served, StandInViewer, serve } from './stand-ins.js'

const running: Served[] = []
const key = 'sixteen characters and more'
let users: Record<string, { password: string; role: 'viewer' | 'admin' }> = {}

beforeAll(async () => {
  users = {
    anna: { password: await hashPassword('schlüssel:1'), role: 'admin' },
    ben: { password: await hashPassword('look'), role: 'viewer' }
  }
})

afterEach(async () => {
  for (const { transport } of running.splice(0)) await transport.stop()
})

async function served(options: object = {}, names?: readonly string[]): Promise<Served> {
  const one = await serve(options, names)
  running.push(one)
  return one
}

interface Asked {
  readonly status: number
  readonly text: string
  readonly header: (name: string) => string | undefined
}

/** `fetch` lets nobody set Host. */
function ask(
  { port }: Served,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET'
): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent: false }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (more: string) => {
        text += more
      })
      answer.on('error', reject)
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, text, header: (name) => [answer.headers[name] ?? []].flat()[0] })
      )
    })
    sent.on('error', reject)
    sent.end()
  })
}

const basic = (user: string, password: string) => ({
  Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
})

describe('a password', () => {
  test('is known again by its hash, and another one is not', async () => {
    const text = await hashPassword('pässword')
    expect(text).toMatch(/^scrypt\$N=16384,r=8,p=5\$[^$]{24}\$[^$]{44}$/)
    const hash = parsePasswordHash(text)!
    expect(await isPassword('pässword', hash)).toBe(true)
    // The same letters of a keyboard that composes them.
    expect(await isPassword('pa\u0308ssword', hash)).toBe(true)
    expect(await isPassword('passworD', hash)).toBe(false)
    expect(await hashPassword('pässword')).not.toBe(text)
  })

  test('must be one', async () => {
    await expect(hashPassword('')).rejects.toThrow('empty')
    await expect(hashPassword('x'.repeat(1025))).rejects.toThrow('1024 bytes')
  })

  test('is not taken for its hash, nor is a hash that costs nothing or everything', async () => {
    const text = await hashPassword('x')
    for (const wrong of ['secret', '', text.slice(1), text.replace('16384', '1024'), text.replace('16384', '16385')]) {
      expect(parsePasswordHash(wrong), wrong).toBeUndefined()
    }
    expect(parsePasswordHash(text.replace('16384', '1048576'))).toBeUndefined()
  })
})

describe('users', () => {
  test('come in with name and password, others are told that it needs them', async () => {
    const server = await served({ users })
    for (const path of ['/state', '/', '/snapshot.jpg', '/stream.mjpg', '/nothing']) {
      const refused = await ask(server, path)
      expect(refused.status, path).toBe(401)
      expect(refused.header('www-authenticate')).toBe('Basic realm="Streamer", charset="UTF-8"')
    }
    expect((await ask(server, '/state', basic('anna', 'schlüssel:1'))).status).toBe(200)
    expect((await ask(server, '/state', basic('ben', 'look'))).status).toBe(200)
    expect(server.stream.stats().clients).toEqual([])
  })

  test('that are unknown are refused as those with a wrong password', async () => {
    const server = await served({ users })
    const wrong = await ask(server, '/state', basic('anna', 'wrong'))
    const unknown = await ask(server, '/state', basic('nobody', 'wrong'))
    expect(wrong.status).toBe(401)
    expect({ ...unknown, header: undefined }).toEqual({ ...wrong, header: undefined })
    expect(await ask(server, '/state', basic('toString', ''))).toMatchObject({ status: 401 })
    expect(server.transport.stats()).toMatchObject({ wrongPasswords: 3, refusedRequests: 3 })
  })

  test('who are viewers change nothing, admins do', async () => {
    const server = await served({ users })
    expect(await ask(server, '/', basic('ben', 'look'), 'POST')).toMatchObject({ status: 403 })
    // Let in, and nothing there takes it.
    expect((await ask(server, '/', basic('anna', 'schlüssel:1'), 'POST')).status).toBe(405)
    expect((await ask(server, '/', {}, 'DELETE')).status).toBe(401)
  })

  test('may be needed for changes alone', async () => {
    const server = await served({ users, anonymous: 'viewer' })
    expect((await ask(server, '/state')).status).toBe(200)
    expect((await ask(server, '/', {}, 'POST')).status).toBe(401)
  })

  test('are asked for a stream, which then comes', async () => {
    const server = await served({ users, anonymous: 'none' })
    const path = '/stream.mjpg HTTP/1.1\r\nHost: x\r\nAuthorization: '
    const viewer = new StandInViewer(server.port, `${path}${basic('ben', 'look').Authorization}\r\nX: `)
    await server.stream.clients(1)
    viewer.close()
    await viewer.closed
  })

  test('are not asked for health, nor when a browser asks what it may', async () => {
    const server = await served({ users })
    expect((await ask(server, '/health/live')).status).not.toBe(401)
    expect((await ask(server, '/state', {}, 'OPTIONS')).status).toBe(204)
    // Streams can have any name.
    const named = await served({ users }, ['health'])
    expect((await ask(named, '/health/stream.mjpg')).status).toBe(401)
    expect((await ask(named, '/health/snapshot.jpg')).status).toBe(401)
  })

  test('cost one hash for many requests at once', async () => {
    const server = await served({ users })
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask(server, '/state', basic('ben', 'look'))))
    // Each with a hash of its own would be more than may wait.
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
  })

  test('of one address do not fill the queue with wrong passwords', async () => {
    const server = await served({ users })
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) => ask(server, '/state', basic('ben', `wrong ${index}`)))
    )
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 401).length).toBeGreaterThanOrEqual(4)
    expect(new Set(statuses)).toEqual(new Set([401, 503]))
  })

  test('are locked out with their address after ten wrong passwords, right ones too, and others are not', async () => {
    const server = await served({ users, trustedProxies: ['127.0.0.1'] })
    const from = (address: string) => ({ 'X-Forwarded-For': address })
    const right = basic('anna', 'schlüssel:1')
    // Remembered, which must not help it later.
    expect((await ask(server, '/state', { ...right, ...from('2001:db8::ffff') })).status).toBe(200)
    for (let count = 0; count < 10; count++) {
      const wrong = { ...basic('anna', `wrong ${count}`), ...from(`2001:db8::${count}`) }
      expect((await ask(server, '/state', wrong)).status).toBe(401)
    }
    const locked = await ask(server, '/state', { ...right, ...from('2001:db8::ffff') })
    expect(locked.status).toBe(429)
    expect(Number(locked.header('retry-after'))).toBeGreaterThan(0)
    expect((await ask(server, '/state', { ...right, ...from('2001:db8:0:1::1') })).status).toBe(200)
    expect(server.transport.stats()).toMatchObject({ lockOuts: 1, wrongPasswords: 10 })
  })

  test('are not asked for exactly what is open, however a path is written', async () => {
    const server = await served({ users }, ['health#', 'camera'])
    for (const path of ['/health#/snapshot.jpg', '/health#/state', '/health%23/state', '/health/../state', '//health'])
      expect((await ask(server, path)).status, path).toBe(401)
    expect((await ask(server, '/health?x')).status).toBe(200)
    const named = await served({}, ['a#b'])
    expect((await ask(named, '/a#b/state')).status).toBe(200)
    expect((await ask(named, '/a#b/state', { Host: 'evil.example' })).status).toBe(403)
  })

  test('are not in messages and must have a hash', () => {
    const parsed = configSchema.safeParse({ users: { anna: { password: 'my secret' } } })
    expect(parsed.error?.issues[0]?.message).toContain('streamer password')
    expect(JSON.stringify(parsed.error?.issues)).not.toContain('my secret')
    expect(configSchema.safeParse({ users: { 'a:b': users.anna } }).success).toBe(false)
    expect(configSchema.safeParse({ anonymous: 'none' }).error?.issues[0]?.message).toContain('nobody could come in')
  })
})

describe('what is remembered of passwords', () => {
  /** OWASP's least N and once, so that many can be checked here. */
  const password = (text: string) => {
    const salt = Buffer.alloc(16, 1)
    const hash = scryptSync(text, salt, 32, { N: 8192, r: 8, p: 1 })
    return `scrypt$N=8192,r=8,p=1$${salt.toString('base64')}$${hash.toString('base64')}`
  }
  const encode = (name: string, text: string) => Buffer.from(`${name}:${text}`).toString('base64')
  const ignore = () => {}

  test('is each right one by itself, as long as it is fresh', async () => {
    let nowMs = 0
    const checker = new Users(
      { anna: { password: password('right'), role: 'admin' }, ben: { password: password('look'), role: 'viewer' } },
      new LockOut(() => nowMs),
      () => nowMs
    )
    const right = checker.check(encode('anna', 'right'), 'a', ignore)
    expect(right).toBeInstanceOf(Promise)
    expect(await right).toBe('admin')
    expect(await checker.check(encode('ben', 'look'), 'a', ignore)).toBe('viewer')
    // At once, so without any hash.
    expect(checker.check(encode('anna', 'right'), 'b', ignore)).toBe('admin')
    expect(checker.check(encode('ben', 'look'), 'b', ignore)).toBe('viewer')
    for (const [name, text] of [
      ['anna', 'wrong'],
      ['anna', 'right '],
      ['anna', ''],
      ['ben', 'right'],
      ['nobody', 'right']
    ] as const) {
      // Twice: a wrong one is not remembered as anything.
      for (let round = 0; round < 2; round++)
        expect(await checker.check(encode(name, text), `${name}${text}`, ignore), `${name}:${text}`).toBe('wrong')
    }
    // One that is being checked vouches for no other.
    const [slow, wrong] = [encode('anna', 'rïght'), encode('ben', 'look!')].map((one) =>
      checker.check(one, 'c', ignore)
    )
    expect([await slow, await wrong]).toEqual(['wrong', 'wrong'])
    nowMs = 5 * 60_000
    const again = checker.check(encode('anna', 'right'), 'a', ignore)
    expect(again).toBeInstanceOf(Promise)
    expect(await again).toBe('admin')
  })

  test('does not let more wait than can be looked at soon', async () => {
    const checker = new Users({ anna: { password: password('right'), role: 'admin' } }, new LockOut())
    const checks = Array.from({ length: 40 }, (_, index) =>
      checker.check(encode('anna', `${index}`), `${index}`, ignore)
    )
    const logins = await Promise.all(checks)
    // Two at once, and 32 that wait.
    expect(logins.filter((login) => login === 'wrong')).toHaveLength(34)
    expect(logins.slice(34)).toEqual(Array.from({ length: 6 }, () => 'busy'))
    expect(await checker.check(encode('anna', 'right'), '40', ignore)).toBe('admin')
  })

  test('is so much and no more, however many ways there are to write it, and the oldest goes', () => {
    const remembered = new Remembered(() => 0)
    const names = Array.from({ length: maxRemembered }, (_, index) => `right ${index}`)
    for (const name of names) remembered.add(name, 'viewer')
    // Shown anew, so no longer the oldest.
    remembered.add(names[0]!, 'admin')
    remembered.add('one more', 'admin')
    expect(['one more', ...names].filter((name) => remembered.roleOf(name) === undefined)).toEqual([names[1]])
    expect(remembered.roleOf(names[0]!)).toBe('admin')
    expect(remembered.roleOf('RIGHT 5')).toBeUndefined()
  })
})

describe('a lock-out', () => {
  test('grows while it is earned, ends, and is forgotten', () => {
    let nowMs = 0
    const lockOut = new LockOut(() => nowMs)
    const failTen = () => Array.from({ length: 10 }, () => lockOut.fail('a'))
    expect(failTen()).toEqual([...Array.from({ length: 9 }, () => false), true])
    expect(lockOut.waitS('a')).toBe(60)
    expect(lockOut.waitS('b')).toBe(0)
    nowMs = 60_000
    expect(lockOut.waitS('a')).toBe(0)
    failTen()
    expect(lockOut.waitS('a')).toBe(120)
    for (let count = 0; count < 10; count++) failTen()
    expect(lockOut.waitS('a')).toBe(3600)
    nowMs += 2 * 3_600_000 + 1000
    failTen()
    expect(lockOut.waitS('a')).toBe(60)
  })

  test('is not earned by one mistake now and then', () => {
    let nowMs = 0
    const lockOut = new LockOut(() => nowMs)
    for (let count = 0; count < 100; count++, nowMs += 40_000) expect(lockOut.fail('a')).toBe(false)
  })

  test('is kept of so many addresses', () => {
    const lockOut = new LockOut(() => 0)
    for (let count = 0; count < 10; count++) lockOut.fail('first')
    for (let count = 0; count < 10_000; count++) lockOut.fail(String(count))
    expect(lockOut.waitS('first')).toBe(0)
  })
})

describe('addresses', () => {
  test('of one IPv6 client are one', () => {
    expect(addressGroup('10.0.0.1')).toBe('10.0.0.1')
    expect(addressGroup('2001:DB8::1')).toBe(addressGroup('2001:db8:0:0:ffff:1:2:3'))
    expect(addressGroup('2001:db8::1')).not.toBe(addressGroup('2001:db8:0:1::1'))
    expect(addressGroup('::1')).toBe('0:0:0:0::/64')
    // As a proxy may write it.
    expect(addressGroup('2001:0db8:0000:0000:1::')).toBe(addressGroup('2001:db8::1'))
    expect(addressGroup('2001:db8:0:1000::')).not.toBe(addressGroup('2001:db8:0:1::'))
  })

  test('and subnets are told from other words', () => {
    for (const right of ['10.0.0.1', '10.0.0.0/8', '::1', 'fd00::/8']) expect(isSubnet(right), right).toBe(true)
    for (const wrong of ['', 'proxy', '10.0.0.0/33', '10.0.0.0/', '::/129', 'fe80::1%eth0', '1.2.3.4/8/8'])
      expect(isSubnet(wrong), wrong).toBe(false)
  })
})

describe('who gives no name', () => {
  test('may all from the own network, and read from elsewhere', async () => {
    const server = await served({ trustedProxies: ['127.0.0.1'] })
    for (const [address, status] of [
      ['127.0.0.1', 405],
      ['192.168.1.7', 405],
      ['fe80::1', 405],
      ['fd12::1', 405],
      ['203.0.113.7', 403],
      ['2001:db8::1', 403],
      ['unknown', 403]
    ] as const) {
      const headers = { 'X-Forwarded-For': address }
      expect((await ask(server, '/', headers, 'POST')).status, address).toBe(status)
      expect((await ask(server, '/state', headers)).status, address).toBe(200)
    }
  })

  test('is not of the own network when a proxy that nobody named speaks for them', async () => {
    const server = await served()
    expect((await ask(server, '/', { 'X-Forwarded-For': '192.168.1.7' }, 'POST')).status).toBe(403)
    expect((await ask(server, '/', { Via: '1.1 somebody' }, 'POST')).status).toBe(403)
    expect((await ask(server, '/', {}, 'POST')).status).toBe(405)
  })
})

describe('a link', () => {
  const bytes = Buffer.from(key)
  const inAnHour = () => Date.now() + 3_600_000

  test('shows the pictures of its stream and nothing else', async () => {
    const server = await served({ key }, ['front', 'back'])
    const token = makeLinkToken({ stream: 'front', expiresAtMs: inAnHour() }, bytes)
    for (const path of ['/front/stream.mjpg', '/stream.mjpg', '/front/snapshot.jpg?x=1']) {
      const answer = await ask(server, `${path}${path.includes('?') ? '&' : '?'}token=${token}`, {}, 'HEAD')
      expect(answer.status, path).toBe(200)
    }
    for (const path of ['/back/stream.mjpg', '/state', '/', '/front/'])
      expect((await ask(server, `${path}?token=${token}`)).status, path).toBe(403)
    expect((await ask(server, `/front/?token=${token}`, {}, 'POST')).status).toBe(403)
    expect((await ask(server, '/front/stream.mjpg')).status).toBe(401)
    // A cookie shows no more than the link.
    const cookie = { Cookie: `streamer-link=${token}` }
    expect((await ask(server, '/front/snapshot.jpg', cookie, 'HEAD')).status).toBe(200)
    for (const path of ['/back/snapshot.jpg', '/state', '/'])
      expect((await ask(server, path, cookie, 'HEAD')).status, path).toBe(403)
    const open = await served({ key, anonymous: 'viewer' }, ['front', 'back'])
    const page = await ask(open, `/?token=${token}`)
    expect([page.status, page.header('set-cookie')]).toEqual([200, undefined])
  })

  test('for all opens the page, which keeps it for what it asks', async () => {
    const server = await served({ key })
    const token = makeLinkToken({ stream: '*', expiresAtMs: inAnHour() }, bytes)
    const page = await ask(server, `/?token=${token}`)
    expect(page.status).toBe(200)
    const cookie = page.header('set-cookie') ?? ''
    expect(cookie).toMatch(/; Max-Age=3[56]\d\d; Path=\/; HttpOnly; SameSite=Strict$/)
    expect(page.header('referrer-policy')).toBe('no-referrer')
    const [pair = ''] = cookie.split(';')
    expect((await ask(server, '/state', { Cookie: `other=1; ${pair}` })).status).toBe(200)
    expect((await ask(server, '/state', { Cookie: 'other=1' })).status).toBe(401)
    expect((await ask(server, '/', { Cookie: pair }, 'POST')).status).toBe(403)
  })

  test('ends what was opened by it when it expires, and nothing that needed none', async () => {
    const server = await served({ key, users })
    const open = await served({ key, anonymous: 'viewer' })
    const token = makeLinkToken({ stream: '*', expiresAtMs: inAnHour() }, bytes)
    const basic = `Basic ${btoa('ben:look')}`
    const stream = ({ port }: Served, field: string) =>
      new RawClient(port, `GET /stream.mjpg?token=${token} HTTP/1.1\r\nHost: test\r\n${field}\r\n\r\n`)
    const socket = (headers: Record<string, string>) => new WebSocket(`ws://127.0.0.1:${server.port}/ws`, { headers })
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] })
    try {
      const watching = stream(server, 'Accept: */*')
      const others = [stream(server, `Authorization: ${basic}`), stream(open, 'Accept: */*')]
      const live = socket({ Cookie: `streamer-link=${token}` })
      const named = socket({ Authorization: basic })
      const opened = [once(live, 'open'), once(named, 'open')]
      await Promise.all([...opened, ...[watching, ...others].map((client) => client.until('streamerframe'))])
      const closed = once(live, 'close')
      vi.advanceTimersByTime(3_590_000)
      expect([server.stream.hub.size, live.readyState]).toEqual([2, WebSocket.OPEN])
      vi.advanceTimersByTime(10_000)
      await watching.closed
      expect((await closed)[0]).toBe(1008)
      vi.advanceTimersByTime(3_600_000)
      expect([server.stream.hub.size, open.stream.hub.size, named.readyState]).toEqual([1, 1, WebSocket.OPEN])
    } finally {
      vi.useRealTimers()
    }
  })

  test('that has expired, was changed or is of another key is refused with a sentence', async () => {
    const server = await served({ key })
    const good = makeLinkToken({ stream: '*', expiresAtMs: inAnHour() }, bytes)
    const [payload = '', proof = ''] = good.split('.')
    const [later = ''] = makeLinkToken({ stream: '*', expiresAtMs: 2 * inAnHour() }, bytes).split('.')
    const late = makeLinkToken({ stream: '*', expiresAtMs: Date.now() - 1000 }, bytes)
    const other = makeLinkToken({ stream: '*', expiresAtMs: inAnHour() }, Buffer.from('another key of some length'))
    const answer = await ask(server, `/state?token=${late}`)
    expect(answer).toMatchObject({ status: 401, text: expect.stringContaining('expired') })
    expect(answer.header('www-authenticate')).toContain('Bearer')
    for (const token of [
      other,
      `${later}.${proof}`,
      payload,
      `${payload}.`,
      `${good}.x`,
      'x',
      '',
      '.',
      'x'.repeat(5000)
    ])
      expect(await ask(server, `/state?token=${token}`), token).toMatchObject({
        status: 401,
        text: expect.stringContaining('not one of this server')
      })
    expect((await ask(server, `/state?token=${good}`)).status).toBe(200)
  })

  test('has a key of its own', () => {
    const token = makeLinkToken({ stream: 'a', expiresAtMs: 2000 }, bytes)
    expect(new LinkReader(bytes).read(token, 1999)).toEqual({ stream: 'a', expiresAtMs: 2000 })
    expect(new LinkReader(bytes).read(token, 2000)).toContain('expired')
  })

  test('works beside users', async () => {
    const server = await served({ users, key })
    const token = makeLinkToken({ stream: '*', expiresAtMs: inAnHour() }, bytes)
    expect((await ask(server, `/state?token=${token}`)).status).toBe(200)
    expect((await ask(server, '/state')).header('www-authenticate')).toContain('Basic')
  })
})

describe('a name that is not ours', () => {
  test('leads to no state and no change, and to pictures unless allowedHosts is given', async () => {
    const server = await served()
    const evil = { Host: 'evil.example:8080' }
    for (const path of [
      '/state',
      '/camera/state',
      '/api/v1/streams',
      '/metrics',
      '/ws',
      '/%73tate',
      'http://x/state?a'
    ])
      expect(await ask(server, path, evil), path).toMatchObject({
        status: 403,
        text: expect.stringContaining('allowedHosts')
      })
    expect((await ask(server, '/', evil, 'POST')).status).toBe(403)
    expect((await ask(server, '/', evil)).status).toBe(200)
    expect((await ask(server, '/stream.mjpg', evil, 'HEAD')).status).toBe(200)
    const strict = await served({ allowedHosts: ['Camera.example'] })
    expect((await ask(strict, '/', evil)).status).toBe(403)
    expect((await ask(strict, '/stream.mjpg', evil, 'HEAD')).status).toBe(403)
    expect((await ask(strict, '/state', { Host: 'camera.EXAMPLE.:80' })).status).toBe(200)
  })

  test('is none of these', async () => {
    const server = await served()
    for (const host of [
      '127.0.0.1:1',
      '[::1]:1',
      '[fe80::1]',
      '[fe80::1%eth0]:80',
      'localhost',
      'pi',
      'pi.local:80',
      'PI.lan',
      '10.0.0.1'
    ])
      expect((await ask(server, '/state', { Host: host })).status, host).toBe(200)
    for (const host of [
      '127.0.0.1.evil.example',
      'local.evil.example',
      'pi.local.evil.example',
      'xlocal.example',
      'evil.example#.local',
      'evil.example/.local',
      'evil.example:80@pi.local',
      'evil.example .local',
      '*',
      '*.local',
      '[evil.example]',
      '[::1].evil.example',
      '[::1%eth0].evil.example',
      'pi%x.evil.example'
    ])
      expect((await ask(server, '/state', { Host: host })).status, host).toBe(403)
  })

  test('is not let in by a star, which is no name', async () => {
    for (const name of ['*', '*.example', 'http://camera.example', 'camera.example:8080', 'camera.example.', '', 'a b'])
      expect(configSchema.safeParse({ allowedHosts: [name] }).error?.issues[0]?.message, name).toContain(
        'camera.example'
      )
    const server = await served({ corsOrigin: '*', allowedHosts: [] })
    const evil = { Host: 'evil.example' }
    expect((await ask(server, '/', evil)).status).toBe(403)
    expect((await ask(server, '/', evil, 'POST')).status).toBe(403)
    const change = { ...evil, Origin: 'http://evil.example' }
    expect((await ask(server, '/api/v1/streams/camera/controls', change, 'PATCH')).status).toBe(403)
  })
})

describe('a page of somebody else', () => {
  test('changes nothing, even from the own network', async () => {
    const server = await served({ corsOrigin: '*' })
    const own = { Host: 'pi.local' }
    expect((await ask(server, '/', { ...own, Origin: 'http://evil.example' }, 'POST')).status).toBe(403)
    expect((await ask(server, '/', { ...own, Origin: 'null' }, 'POST')).status).toBe(403)
    expect((await ask(server, '/', { ...own, Origin: 'http://pi.local' }, 'POST')).status).toBe(405)
    expect((await ask(server, '/', { ...own, Origin: 'https://pi.local' }, 'POST')).status).toBe(403)
    // Behind a proxy that rewrites Host, the browser itself knows whether it is our page.
    for (const [site, status] of [
      ['same-origin', 405],
      ['same-site', 403],
      ['cross-site', 403],
      ['none', 403]
    ] as const) {
      const headers = { ...own, Origin: 'http://evil.example', 'Sec-Fetch-Site': site }
      expect((await ask(server, '/', headers, 'POST')).status, site).toBe(status)
    }
    const named = await served({ corsOrigin: 'http://mainsail.local' })
    expect((await ask(named, '/', { ...own, Origin: 'http://mainsail.local' }, 'POST')).status).toBe(405)
  })

  test('or nobody at all opens a WebSocket', async () => {
    const upgrade = {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ=='
    }
    const open = await served()
    expect((await ask(open, '/ws', { ...upgrade, Origin: 'http://evil.example' })).status).toBe(403)
    expect((await ask(open, '/ws', { ...upgrade, Host: 'evil.example' })).status).toBe(403)
    const closed = await served({ users, key })
    expect((await ask(closed, '/ws', upgrade)).status).toBe(401)
    expect((await ask(closed, '/ws', { ...upgrade, ...basic('ben', 'wrong') })).status).toBe(401)
    const token = makeLinkToken({ stream: 'camera', expiresAtMs: Date.now() + 60_000 }, Buffer.from(key))
    expect((await ask(closed, `/ws?token=${token}`, upgrade)).status).toBe(403)
  })

  test('opens no WebSocket, and one that may read does', () => {
    const client = { address: '127.0.0.1', label: '', isOfHouse: true, host: 'pi.local', isEncrypted: false }
    const upgrade = (origin?: string): IncomingMessage =>
      ({ url: '/ws', headers: { upgrade: 'websocket', ...(origin !== undefined && { origin }) } }) as IncomingMessage
    const check = (corsOrigin: string | undefined, origin?: string) =>
      new HostCheck(undefined, new Origins(corsOrigin)).check(upgrade(origin), client, false)?.status
    expect(check(undefined, 'http://evil.example')).toBe(403)
    expect(check(undefined, 'http://pi.local')).toBeUndefined()
    // Programs say none.
    expect(check(undefined)).toBeUndefined()
    expect(check('*', 'http://evil.example')).toBeUndefined()
    expect(check('http://mainsail.local', 'http://mainsail.local')).toBeUndefined()
    expect(check('http://mainsail.local', 'http://evil.example')).toBe(403)
  })

  test('shows ours in no frame, unless it is named', async () => {
    expect((await ask(await served(), '/')).header('content-security-policy')).toContain("frame-ancestors 'self'")
    const named = await ask(await served({ corsOrigin: 'http://mainsail.local' }), '/')
    expect(named.header('content-security-policy')).toContain("frame-ancestors 'self' http://mainsail.local")
  })
})
