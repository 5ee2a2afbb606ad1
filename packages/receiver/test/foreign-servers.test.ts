import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { pickleHead, pickleTail } from '@streamer/numpy-pickle'
import { readHello } from '@streamer/protocol'
import { describe, expect, onTestFinished, test } from 'vitest'
import { jpeg } from '../../jpeg-splitter/test/jpegs.js'
import { frameDatagrams, type Layout } from '../../transport-udp/src/wire.js'
import { cert, key } from './certificate.js'
import { nextOf, pictureOf, receiving, tcpServer } from './support.js'

function framed(payload: Uint8Array): Buffer {
  const head = Buffer.alloc(8)
  head.writeBigUInt64LE(BigInt(payload.length))
  return Buffer.concat([head, payload])
}

function part(body: Buffer, more = ''): Buffer {
  return Buffer.concat([Buffer.from(`--x\r\nContent-Length: ${body.length}${more}\r\n\r\n`), body, Buffer.from('\r\n')])
}

const multipart = { 'Content-Type': 'multipart/x-mixed-replace; boundary=x' }

describe('http', () => {
  async function httpServer(onRequest: RequestListener): Promise<string> {
    const server = createServer(onRequest)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      server.close()
      server.closeAllConnections()
    })
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/stream.mjpg`
  }

  const failure = async (url: string, options = {}) =>
    String(await nextOf(receiving(url, { reconnect: false, ...options })).catch((error: Error) => error.message))

  test.for([
    ['a page', 200, { 'Content-Type': 'text/html' }, 'the answer is text/html and no MJPEG stream'],
    ['one picture', 200, { 'Content-Type': 'image/jpeg' }, 'the answer is image/jpeg and no MJPEG stream'],
    ['nothing known', 200, {}, 'the answer is something without a type'],
    ['a refusal', 404, {}, 'the server answers 404 (Not Found)'],
    ['a way to elsewhere', 302, { Location: 'ftp://nowhere/' }, 'leads on to "ftp://nowhere/"'],
    ['a way that is none', 302, { Location: 'http://[' }, 'leads on to "http://["'],
    ['a circle', 302, { Location: '/stream.mjpg' }, 'leads on to "/stream.mjpg"']
  ] as const)('says so when the server answers with %s', async ([, status, headers, message]) => {
    const url = await httpServer((_, response) => response.writeHead(status, headers).end('hello'))
    expect(await failure(url)).toContain(message)
  })

  test('says so when there is no answer, no end of one, or none of HTTP', async () => {
    const silent = await tcpServer(() => {})
    expect(await failure(`http://127.0.0.1:${silent.port}/`, { connectTimeoutMs: 50 })).toContain('no answer in time')
    const other = await tcpServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n'))
    expect(await failure(`http://127.0.0.1:${other.port}/`)).toContain('Parse Error')
    const cut = await tcpServer((socket) => socket.destroy())
    expect(await failure(`http://127.0.0.1:${cut.port}/`)).toMatch(/cut the connection|hang up/)
    const brief = await httpServer((_, response) => response.writeHead(200, multipart).end('--x\r\n'))
    expect(await failure(brief)).toContain('the server ended the stream')
  })

  test('follows where the server leads, with the password to that server alone', async () => {
    const seen: Array<string | undefined> = []
    const frames = (response: ServerResponse) => response.writeHead(200, multipart).write(part(jpeg()))
    const other = await httpServer(({ headers }, response) => {
      seen.push(headers.authorization)
      frames(response)
    })
    const url = await httpServer(({ url: path, headers }, response) => {
      seen.push(headers.authorization)
      const there = path === '/stream.mjpg' ? '/second' : other
      response.writeHead(307, { Location: there }).end()
    })
    const receiver = receiving(url.replace('//', '//me:p%40ss@'))
    expect(Buffer.compare((await nextOf(receiver)).data, jpeg())).toBe(0)
    const basic = `Basic ${Buffer.from('me:p@ss').toString('base64')}`
    expect(seen).toEqual([basic, basic, undefined])
  })

  test('no password is in a message', async () => {
    const url = await httpServer((_, response) => response.writeHead(401).end())
    const message = await failure(url.replace('//', '//me:secret@'))
    expect(message).toContain('401')
    expect(message).not.toMatch(/secret|me:/)
  })

  test('takes pictures without a length, and what is chunked', async () => {
    const url = await httpServer((_, response) => {
      response.writeHead(200, multipart)
      for (const fill of [1, 2, 3])
        response.write(Buffer.concat([Buffer.from('--x\r\n\r\n'), jpeg({ fill }), Buffer.from('\r\n')]))
    })
    const receiver = receiving(url)
    for (const fill of [1, 2, 3]) expect(Buffer.compare((await nextOf(receiver)).data, jpeg({ fill }))).toBe(0)
  })

  test('refuses parts that are no JPEG, and tells the age by X-Timestamp', async () => {
    const url = await httpServer((_, response) => {
      response.writeHead(200, multipart)
      response.write(part(Buffer.from('no picture')))
      response.write(part(jpeg().subarray(0, -10)))
      response.write(part(jpeg(), `\r\nX-Timestamp: ${(Date.now() - 1000) / 1000}`))
      response.write(part(jpeg(), '\r\nX-Timestamp: 5'))
    })
    const receiver = receiving(url)
    const { ageMs, timestampUs } = await nextOf(receiver)
    expect(ageMs).toBeGreaterThan(900)
    expect(timestampUs).toBeUndefined()
    expect((await nextOf(receiver)).ageMs).toBeUndefined()
    expect(receiver.stats().refused).toBe(2)
  })

  test('https is spoken with the certificate that is trusted, and no other', async () => {
    const server = createHttpsServer({ cert, key }, (_, response) =>
      response.writeHead(200, multipart).write(part(jpeg()))
    )
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      server.close()
      server.closeAllConnections()
    })
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const trusting = { ca: cert, servername: 'camera.test' }
    expect((await nextOf(receiving(url, { tls: trusting }))).data.length).toBe(jpeg().length)
    expect((await nextOf(receiving(url, { tls: { rejectUnauthorized: false } }))).data.length).toBe(jpeg().length)
    expect(await failure(url)).toContain('self-signed')
    expect(await failure(url, { tls: { ...trusting, servername: 'other.test' } })).toContain('altnames')
  })
})

describe('tcp', () => {
  test('takes frames that are pickled or not, side by side, and refuses what is no picture', async () => {
    const picture = jpeg()
    const { port } = await tcpServer((socket) => {
      socket.write(framed(picture))
      socket.write(framed(Buffer.from('no picture')))
      socket.write(framed(Buffer.concat([pickleHead(picture.length), picture, pickleTail])))
      socket.write(framed(Buffer.concat([pickleHead(3), Buffer.from('abc'), pickleTail])))
      socket.write(framed(picture))
    })
    const receiver = receiving(`tcp://127.0.0.1:${port}/any`)
    for (let count = 0; count < 3; count++) expect(Buffer.compare((await nextOf(receiver)).data, picture)).toBe(0)
    expect(receiver.stats()).toMatchObject({ protocol: 'tcp/1', frames: 3, refused: 2 })
  })

  test('takes a first frame whose length begins as a record of version 2 does, and comes in pieces', async () => {
    const picture = pictureOf(1, 0x29d5)
    const bytes = framed(picture)
    const { port } = await tcpServer((socket) => {
      socket.setNoDelay(true)
      // Behind the hello, so that the pieces are pieces.
      socket.once('data', () => {
        for (const piece of [bytes.subarray(0, 1), bytes.subarray(1, 5), bytes.subarray(5)]) socket.write(piece)
      })
    })
    const receiver = receiving(`tcp://127.0.0.1:${port}`)
    expect(Buffer.compare((await nextOf(receiver)).data, picture)).toBe(0)
    expect(receiver.stats().protocol).toBe('tcp/1')
  })

  test('gives up a server that speaks something else, and tries again', async () => {
    let connections = 0
    const { port } = await tcpServer((socket) => {
      connections++
      socket.write(connections === 1 ? 'HTTP/1.1 400 Bad Request\r\n\r\n' : framed(jpeg()))
    })
    const states: string[] = []
    const receiver = receiving(`tcp://127.0.0.1:${port}`, {
      onState: (state, detail) => states.push(`${state} ${detail}`)
    })
    await nextOf(receiver)
    expect(states[2]).toContain('what comes is no stream of frames')
    expect(receiver.stats().reconnects).toBe(1)
  })

  test('tcps is the same with TLS', async () => {
    const server = createTlsServer({ cert, key }, (socket) => socket.on('error', () => {}).write(framed(jpeg())))
    server.on('tlsClientError', () => {})
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const url = `tcps://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const receiver = receiving(url, { tls: { ca: cert, servername: 'camera.test' } })
    expect((await nextOf(receiver)).data.length).toBe(jpeg().length)
    await receiver.close()
    await expect(nextOf(receiving(url, { reconnect: false }))).rejects.toThrow('self-signed')
  })
})

describe('udp', () => {
  /** A server that does with each datagram what the test says. */
  async function udpServer(
    onDatagram: (text: string, from: RemoteInfo, socket: UdpSocket) => void,
    type: 'udp4' | 'udp6' = 'udp4'
  ) {
    const socket = createSocket(type)
    socket.on('message', (datagram, from) => onDatagram(datagram.toString('latin1'), from, socket))
    socket.bind(0, type === 'udp4' ? '127.0.0.1' : '::1')
    await once(socket, 'listening')
    onTestFinished(() => void socket.close())
    return { socket, url: `udp://${type === 'udp4' ? '127.0.0.1' : '[::1]'}:${socket.address().port}` }
  }

  const plain: Layout = { chunkSize: 1200, headerWidth: 32, payload: 'jpeg' }
  const sendFrame = (socket: UdpSocket, to: RemoteInfo, data: Buffer, id: number, layout = plain) => {
    for (const datagram of frameDatagrams(data, id, layout)) {
      socket.send(datagram, to.port, to.address)
    }
  }

  test('registers until it is answered, under the name in the address, and says goodbye', async () => {
    const heard: string[] = []
    // One that knows version 1 alone, and nothing that is longer.
    const { url } = await udpServer((text, from, socket) => {
      const hello = readHello(Buffer.from(text, 'latin1'))
      heard.push(hello ? `hello ${hello.stream}` : text)
      if (hello) return
      socket.send('REGISTERED', from.port, from.address)
      sendFrame(socket, from, pictureOf(1), 1)
    })
    const receiver = receiving(`${url}/back%20door`)
    await nextOf(receiver)
    expect(heard).toEqual(['hello back door', 'hello back door', ...Array(2).fill('REGISTER_CLIENT back door')])
    expect(receiver.stats().protocol).toBe('udp/1')
    await receiver.close()
    while (heard.length < 5) await new Promise(setImmediate)
    expect(heard[4]).toBe('DISCONNECT')
  })

  test.for([
    ['pickled', { payload: 'pickle' }],
    ['as they are', {}],
    ['with 64-bit headers', { headerWidth: 64 }],
    ['pickled, with 64-bit headers', { payload: 'pickle', headerWidth: 64 }]
  ] as const)('frames of a stand-in that knows version 1 alone come to the byte: %s', async ([, more]) => {
    const { url } = await udpServer((text, from, socket) => {
      if (!text.startsWith('REGISTER_CLIENT')) return
      socket.send('REGISTERED', from.port, from.address)
      // What is behind the word says nothing to it: the first answer is for a hello.
      if (text !== 'REGISTER_CLIENT') return
      for (let id = 1; id <= 3; id++) sendFrame(socket, from, pictureOf(id, 20_000), id, { ...plain, ...more })
    })
    const receiver = receiving(url)
    for (let seed = 1; seed <= 3; seed++) {
      expect(Buffer.compare((await nextOf(receiver)).data, pictureOf(seed, 20_000))).toBe(0)
    }
    expect(receiver.stats()).toMatchObject({ protocol: 'udp/1', frames: 3, framesLost: 0, refused: 0 })
  })

  test('without an answer the reason is told, and the registration is taken back', async () => {
    const heard: string[] = []
    const { url } = await udpServer((text) => heard.push(text))
    const receiver = receiving(`${url}/door`, { reconnect: false, connectTimeoutMs: 100 })
    await expect(nextOf(receiver)).rejects.toThrow('no answer to the registration')
    while (!heard.includes('DISCONNECT')) await new Promise(setImmediate)
  })

  test('registers again when the server falls silent, and goes on', async () => {
    let registrations = 0
    const { url } = await udpServer((text, from, socket) => {
      if (!text.startsWith('REGISTER_CLIENT')) return
      socket.send('REGISTERED', from.port, from.address)
      if (text !== 'REGISTER_CLIENT') return
      registrations++
      // Counted anew, as by a server that was started again.
      sendFrame(socket, from, pictureOf(registrations), 100 - registrations)
    })
    const receiver = receiving(url)
    expect(await nextOf(receiver)).toMatchObject({ sequence: 0, data: pictureOf(1) })
    expect(await nextOf(receiver)).toMatchObject({ sequence: 1, data: pictureOf(2) })
    expect(receiver.stats().reconnects).toBe(0)
  })

  test('bears garbage, and counts what is lost', async () => {
    const { url } = await udpServer((text, from, socket) => {
      if (!text.startsWith('REGISTER')) return
      socket.send('REGISTERED', from.port, from.address)
      for (let length = 0; length < 60; length++) {
        for (const word of ['', 'CHUNK', 'FRAME_START', 'REGISTERED']) {
          socket.send(word + '\xff'.repeat(length), from.port, from.address)
        }
      }
      const datagrams = frameDatagrams(pictureOf(1), 1, { chunkSize: 1200, headerWidth: 32, payload: 'jpeg' })
      for (const datagram of datagrams.slice(0, -1)) socket.send(datagram, from.port, from.address)
      for (let id = 2; id < 8; id++) sendFrame(socket, from, pictureOf(id), id)
      sendFrame(socket, from, Buffer.from('no picture'), 8)
      sendFrame(socket, from, pictureOf(9), 9)
    })
    const receiver = receiving(url)
    const got: number[] = []
    while (got.at(-1) !== 9) got.push(Buffer.from((await nextOf(receiver)).data).readUInt32BE(4))
    expect(got).toEqual([2, 3, 4, 5, 6, 7, 9])
    expect(receiver.stats()).toMatchObject({ frames: 7 })
    expect(receiver.stats().refused).toBeGreaterThan(0)
  })

  test('datagrams of strangers are not heard', async () => {
    const stranger = createSocket('udp4').bind(0, '127.0.0.1')
    await once(stranger, 'listening')
    onTestFinished(() => void stranger.close())
    const { url } = await udpServer(async (text, from, socket) => {
      if (!text.startsWith('REGISTER')) return
      socket.send('REGISTERED', from.port, from.address)
      sendFrame(stranger, from, pictureOf(666), 1)
      await new Promise((resolve) => stranger.send('', from.port, from.address, resolve))
      sendFrame(socket, from, pictureOf(2), 2)
    })
    const receiver = receiving(url)
    expect((await nextOf(receiver)).data).toEqual(pictureOf(2))
    expect(receiver.stats().frames).toBe(1)
  })

  test('IPv6 addresses are written in brackets', async () => {
    const server = await udpServer((text, from, socket) => {
      if (!text.startsWith('REGISTER')) return
      socket.send('REGISTERED', from.port, from.address)
      sendFrame(socket, from, pictureOf(1), 1)
    }, 'udp6').catch(() => undefined)
    if (!server) {
      console.log('this machine has no IPv6')
      return
    }
    expect((await nextOf(receiving(server.url))).data).toEqual(pictureOf(1))
  })
})

test('who has a key hears nobody who cannot prove to have it', async () => {
  let bytes = 0
  const { port } = await tcpServer((socket) =>
    socket.on('data', (chunk) => (bytes += chunk.length)).write(framed(jpeg()))
  )
  for (const scheme of ['tcp', 'udp']) {
    const receiver = receiving(`${scheme}://127.0.0.1:${port}/`, {
      key: 'a secret of enough bytes',
      reconnect: false,
      connectTimeoutMs: 200
    })
    await expect(nextOf(receiver)).rejects.toMatchObject({ code: 'ERR_RECEIVE' })
    expect(receiver.stats().frames).toBe(0)
  }
  expect(() => receiving('http://127.0.0.1/', { key: 'a secret of enough bytes' })).toThrow('HTTP has no keys')
})
