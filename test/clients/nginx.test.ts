import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compose, type Streamer } from '@streamer/core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

let folder: string
let streamer: Streamer
let nginx: ChildProcess
let complaints = ''

/** The settings that people are told to use. */
async function documented(): Promise<{ readonly location: string; readonly map: string }> {
  const text = await readFile(new URL('../../docs/reverse-proxy.md', import.meta.url), 'utf8')
  const [location = '', map = ''] = Array.from(text.matchAll(/```nginx\n([\s\S]*?)```/g), ([, block = '']) => block)
  return { location, map }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamer-nginx-'))
  streamer = await compose({
    source: { use: 'fake', width: 320, height: 240, framerate: 10 },
    transports: [{ use: 'http', host: '127.0.0.1', port: 0, basePath: '/camera', trustedProxies: ['127.0.0.1'] }]
  })
  await streamer.start()
  const { host } = new URL(streamer.urls[0]!)
  const { location, map } = await documented()
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  // The client's address comes by the PROXY protocol, since one on a Unix socket has none.
  const settings = `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr notice;
events {}
http {
  access_log off;
  ${paths.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  ${map}
  server {
    listen unix:${folder}/socket proxy_protocol;
    set_real_ip_from unix:;
    real_ip_header proxy_protocol;
    ${location.replace('127.0.0.1:8080', host)}
  }
}
`
  await writeFile(join(folder, 'nginx.conf'), settings)
  nginx = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'pipe']
  })
  nginx.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaints += text
  })
  nginx.on('error', (error) => {
    complaints += `these tests need the program nginx (Debian: apt-get install nginx-light): ${error.message}`
  })
  // There is no line that says that it listens; the socket is there when it does.
  await vi.waitFor(
    async () => {
      if (nginx.exitCode !== null || nginx.pid === undefined) throw new Error(complaints)
      const socket = connect(join(folder, 'socket'))
      try {
        await once(socket, 'connect')
      } finally {
        socket.destroy()
      }
    },
    { timeout: 20_000, interval: 50 }
  )
})

afterAll(async () => {
  nginx.kill('SIGTERM')
  if (nginx.exitCode === null && nginx.signalCode === null) await once(nginx, 'exit')
  await streamer.stop()
  await rm(folder, { recursive: true })
})

/** Sends a request through nginx as a client with the address 203.0.113.7, and keeps what comes. */
class Client {
  readonly socket: Socket
  text = ''

  constructor(path: string, headers: readonly string[] = []) {
    this.socket = connect(join(folder, 'socket'))
    this.socket.setEncoding('latin1').on('data', (more) => {
      this.text += more
    })
    this.socket.on('error', () => {})
    const head = [`GET ${path} HTTP/1.1`, 'Host: www.local', ...headers]
    this.socket.write(`PROXY TCP4 203.0.113.7 127.0.0.1 4711 80\r\n${head.join('\r\n')}\r\n\r\n`)
  }

  async until(wanted: RegExp): Promise<RegExpExecArray> {
    return vi.waitFor(
      () => {
        const match = wanted.exec(this.text)
        if (!match) throw new Error(`no ${wanted} in ${JSON.stringify(this.text.slice(0, 500))}\n${complaints}`)
        return match
      },
      { timeout: 20_000 }
    )
  }
}

describe('through nginx with the settings of the documents', () => {
  test('frames come one by one while the stream is open, for the address of the client', async () => {
    const client = new Client('/camera/stream.mjpg', ['X-Forwarded-For: 10.0.0.1'])
    try {
      await client.until(/HTTP\/1\.1 200 OK[\s\S]*Content-Type: image\/jpeg[\s\S]*\xff\xd9/)
      expect(client.socket.readyState).toBe('open')
      const [stream] = streamer.streams.values()
      expect(stream?.stats().clients.map(({ label }) => label)).toEqual([expect.stringMatching(/^203\.0\.113\.7:/)])
    } finally {
      client.socket.destroy()
    }
  })

  test('the page, its parts and the state are below basePath', async () => {
    for (const [path, wanted] of [
      ['/camera/', /200 OK[\s\S]*<!DOCTYPE html>/],
      ['/camera/state', /200 OK[\s\S]*"streams"/],
      ['/camera/page/viewer.js', /200 OK/],
      ['/state', /404/]
    ] as const) {
      const client = new Client(path, ['Connection: close'])
      await client.until(wanted)
      client.socket.destroy()
    }
  })

  test('a WebSocket is opened', async () => {
    const client = new Client('/camera/ws', [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Origin: http://www.local'
    ])
    // RFC 6455 section 1.3 has this answer to this key.
    await client.until(/101 Switching Protocols[\s\S]*s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/)
    client.socket.destroy()
  })
})
