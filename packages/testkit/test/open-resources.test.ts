import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { closeSync, openSync, unwatchFile, watch, watchFile } from 'node:fs'
import { open } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { MessageChannel, Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { OpenResources } from '../src/contract/open-resources.js'

let resources: OpenResources
beforeEach(() => {
  resources = new OpenResources()
})
afterEach(() => resources.close())

const here = fileURLToPath(import.meta.url)

/** Things that a plugin may leave open, and how they are closed. */
const things: ReadonlyArray<readonly [what: string, open: () => Promise<() => unknown>]> = [
  [
    'a timer',
    async () => {
      const timer = setTimeout(() => {}, 3_600_000)
      return () => clearTimeout(timer)
    }
  ],
  [
    'a timer',
    async () => {
      const timer = setInterval(() => {}, 3_600_000).unref()
      return () => clearInterval(timer)
    }
  ],
  [
    'a TCP server',
    async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      return () => server.close()
    }
  ],
  [
    'a UDP socket',
    async () => {
      const socket = createSocket('udp4').bind(0, '127.0.0.1')
      await once(socket, 'listening')
      return () => socket.close()
    }
  ],
  [
    'a process',
    async () => {
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
      await once(child, 'spawn')
      return async () => {
        child.kill('SIGKILL')
        await once(child, 'close')
      }
    }
  ],
  [
    'a worker thread',
    async () => {
      const worker = new Worker('setInterval(() => {}, 1000)', { eval: true })
      await once(worker, 'online')
      return () => worker.terminate()
    }
  ],
  [
    'a watcher of files',
    async () => {
      const watcher = watch(tmpdir())
      return () => watcher.close()
    }
  ],
  [
    'a watcher of a file',
    async () => {
      watchFile(here, () => {})
      return () => unwatchFile(here)
    }
  ],
  [
    'a listener for a signal',
    async () => {
      const listener = () => {}
      process.on('SIGUSR2', listener)
      return () => process.off('SIGUSR2', listener)
    }
  ],
  [
    'a message port',
    async () => {
      const { port1 } = new MessageChannel()
      port1.on('message', () => {})
      return () => port1.close()
    }
  ],
  [
    'a file,',
    async () => {
      const file = await open(here)
      return () => file.close()
    }
  ],
  [
    'file descriptor',
    async () => {
      const fd = openSync(here, 'r')
      return () => closeSync(fd)
    }
  ],
  [
    'the process',
    async () => {
      // Started by a thread that is gone.
      const code = `
        const { parentPort } = require('node:worker_threads')
        const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
        child.once('spawn', () => parentPort.postMessage(child.pid))
      `
      const worker = new Worker(code, { eval: true })
      const [pid] = (await once(worker, 'message')) as [number]
      await worker.terminate()
      return () => process.kill(pid, 'SIGKILL')
    }
  ]
]

describe('what is opened', () => {
  it.each(things)('is noted until it is closed: %s', async (what, openIt) => {
    const close = await resources.run(openIt)
    const [found = '', ...others] = await resources.stillOpen()
    await close()
    expect(found).toContain(what)
    expect(others.filter((other) => !other.startsWith(what))).toEqual([])
    // A server is made by Node after a look-up, from where no way leads back.
    if (!['file descriptor', 'the process', 'a TCP server', 'a UDP socket'].includes(what))
      expect(found).toContain('open-resources.test.ts:')
    expect(await resources.stillOpen()).toEqual([])
  })

  it('in a callback, long after, is noted', async () => {
    let timer: NodeJS.Timeout | undefined
    await resources.run(async () => {
      await new Promise((resolve) => setImmediate(resolve))
      timer = setTimeout(() => {}, 3_600_000)
    })
    expect(await resources.stillOpen()).toHaveLength(1)
    clearTimeout(timer)
  })

  it('by a connection to a server of the plugin’s is noted, the client is not', async () => {
    const accepted: Socket[] = []
    const server = resources.run(() => createServer((socket) => accepted.push(socket)).listen(0, '127.0.0.1'))
    await once(server, 'listening')
    const client = connect((server.address() as { port: number }).port, '127.0.0.1')
    await once(server, 'connection')
    server.close()
    expect(await resources.stillOpen()).toEqual([expect.stringMatching(/^a TCP connection/)])
    client.destroy()
    accepted[0]?.destroy()
    await once(server, 'close')
    expect(await resources.stillOpen()).toEqual([])
  })

  it('in a callback of a connection is noted', async () => {
    let timer: NodeJS.Timeout | undefined
    const server = resources.run(() =>
      createServer((socket) => {
        socket.on('data', async () => {
          await new Promise((resolve) => setImmediate(resolve))
          timer = setTimeout(() => {}, 3_600_000)
          socket.destroy()
          server.close()
        })
      }).listen(0, '127.0.0.1')
    )
    await once(server, 'listening')
    const client = connect((server.address() as { port: number }).port, '127.0.0.1')
    client.write('hello')
    client.on('error', () => {})
    await once(server, 'close')
    client.destroy()
    expect(await resources.stillOpen()).toEqual([expect.stringMatching(/^a timer, opened at .*test\.ts:/)])
    clearTimeout(timer)
    expect(await resources.stillOpen()).toEqual([])
  })

  it('in the last turns before the end is noted', async () => {
    let timer: NodeJS.Timeout | undefined
    resources.run(() => setImmediate(() => (timer = setTimeout(() => {}, 3_600_000))))
    expect(await resources.stillOpen()).toEqual([expect.stringMatching(/^a timer, opened at .*test\.ts:/)])
    clearTimeout(timer)
  })

  it('by Node for itself is not', async () => {
    await resources.run(async () => {
      const server = createHttpServer((_, response) => response.end('hello')).listen(0, '127.0.0.1')
      await once(server, 'listening')
      AbortSignal.timeout(3_600_000)
      structuredClone({})
      await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)).text()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    })
    expect(await resources.stillOpen()).toEqual([])
  })

  it('past Node before the first stop is not, when that is asked for', async () => {
    const before = openSync(here, 'r')
    resources.forgetDescriptors()
    const after = openSync(here, 'r')
    expect(await resources.stillOpen()).toEqual([`file descriptor ${after} (${here})`])
    closeSync(before)
    closeSync(after)
  })

  it('by somebody else is not', async () => {
    const timer = setTimeout(() => {}, 3_600_000)
    expect(await resources.stillOpen()).toEqual([])
    clearTimeout(timer)
  })
})
