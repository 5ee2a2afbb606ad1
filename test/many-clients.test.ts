import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Workplace } from '../packages/cli/test/run-command.js'
import { type Watch, watchHttp } from './support/clients.js'

interface State {
  streams: Array<{ clients: Array<{ label: string; offered: number; delivered: number }> }>
}

let workplace: Workplace
const watches: Watch[] = []
const stalled: Socket[] = []

beforeEach(async () => {
  workplace = await Workplace.create()
})
afterEach(async () => {
  for (const watch of watches.splice(0)) watch.close()
  for (const socket of stalled.splice(0)) socket.destroy()
  await workplace.dispose()
})

/** Resident memory of a process in MiB, as Linux tells it. */
function residentMiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

it('of 50 HTTP clients, 5 that stall cost the other 45 nothing, and the server no memory', async () => {
  const server = workplace.start([
    ...['--source', 'fake', '--width', '320', '--height', '240', '--transport', 'http'],
    ...['--host', '127.0.0.1', '--http-port', '0']
  ])
  const [, base = ''] = await server.output(/(http:\/\/127\.0\.0\.1:\d+\/)/)
  for (let n = 0; n < 45; n++) watches.push(await watchHttp(`${base}stream.mjpg`, false))
  for (let n = 0; n < 5; n++) {
    const socket = connect(Number(new URL(base).port), '127.0.0.1')
    socket.on('error', () => {})
    // Asks, and never reads the answer.
    socket.pause()
    await once(socket, 'connect')
    socket.write('GET /stream.mjpg HTTP/1.1\r\nHost: camera\r\n\r\n')
    stalled.push(socket)
  }
  const state = async () => (await (await fetch(`${base}state`)).json()) as State
  const stallers = new Set(stalled.map((socket) => `127.0.0.1:${socket.localPort}`))
  await Promise.all(watches.map((watch) => watch.more(150)))
  const before = residentMiB(server.child.pid!)
  await Promise.all(watches.map((watch) => watch.more(450)))
  const grown = residentMiB(server.child.pid!) - before

  const clients = (await state()).streams.flatMap((stream) => stream.clients)
  const good = clients.filter(({ label }) => !stallers.has(label))
  expect(good.length).toBe(45)
  for (const { offered, delivered } of good) expect(delivered / offered).toBeGreaterThanOrEqual(0.99)
  expect(watches.some(({ ended }) => ended)).toBe(false)
  // 450 frames of 9 KB to 50 clients are 200 MB: what is not bounded would show.
  expect(grown).toBeLessThan(40)
})
