import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, expect, test } from 'vitest'
import { RawClient, type Served, StandInViewer, serve, standInPicture } from './stand-ins.js'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

let running: Served | undefined
const clients: RawClient[] = []

afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  await running?.transport.stop()
})

async function served(options: object): Promise<Served> {
  running = await serve(options)
  return running
}

/** A client that asks for the stream and never reads a byte of it. */
function stalled(port: number): RawClient {
  const client = new RawClient(port)
  client.socket.pause()
  client.socket.write('GET /stream.mjpg HTTP/1.1\r\nHost: test\r\n\r\n')
  clients.push(client)
  return client
}

function viewer(port: number): StandInViewer {
  const client = new StandInViewer(port)
  clients.push(client)
  return client
}

/** Publishes `count` frames of `size` bytes at 30 per second. */
async function play({ stream }: Served, count: number, size: number): Promise<void> {
  await new Promise<void>((resolve) => {
    let number = 0
    const timer = setInterval(() => {
      stream.publish(standInPicture(number++, size))
      if (number < count) return
      clearInterval(timer)
      resolve()
    }, 1000 / 30)
  })
}

test('of 50 clients 5 stall, and the other 45 get at least 99 % of the frames in bounded memory', async () => {
  const frames = 150
  const size = 100_000
  const here = await served({})
  const viewers = Array.from({ length: 45 }, () => viewer(here.port))
  for (let count = 0; count < 5; count++) stalled(here.port)
  await here.stream.clients(50)
  collectGarbage()
  const before = process.memoryUsage().arrayBuffers
  await play(here, frames, size)
  // One more, seen by all: what they did not get before it they never will.
  here.stream.publish(standInPicture(frames, 100))
  await Promise.all(viewers.map((client) => until(() => client.numbers.at(-1) === frames)))
  for (const { numbers } of viewers) {
    expect(numbers.length).toBeGreaterThanOrEqual(Math.ceil(frames * 0.99))
    expect(numbers).toEqual([...numbers].sort((left, right) => left - right))
  }
  const slow = here.stream.stats().clients.filter(({ dropped }) => dropped > 0)
  expect(slow.length).toBeGreaterThanOrEqual(5)
  for (const client of viewers) client.close()
  await here.stream.clients(5)
  // What is left is a frame or two for each stalled client, not the 15 MB that were offered to each of them. The viewers'
  // own buffers take some turns to go.
  let held = Number.POSITIVE_INFINITY
  for (let turn = 0; turn < 50 && held >= 3_000_000; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    collectGarbage()
    held = process.memoryUsage().arrayBuffers - before
  }
  expect(held).toBeLessThan(3_000_000)
})

test('a client that stops reading is cut after the stall time, while one that reads gets every frame', async () => {
  const here = await served({ stallTimeoutMs: 300 })
  const good = viewer(here.port)
  await here.stream.clients(1)
  const bad = stalled(here.port)
  await here.stream.clients(2)
  let number = 0
  const timer = setInterval(() => here.stream.publish(standInPicture(number++, 500_000)), 20)
  await here.stream.clients(1)
  clearInterval(timer)
  await until(() => good.numbers.at(-1) === number - 1)
  expect(good.numbers.length).toBeGreaterThanOrEqual(Math.ceil(number * 0.99))
  expect(good.isClosed).toBe(false)
  expect(here.transport.stats().stalled).toBe(1)
  bad.socket.resume()
  await bad.closed
})

test('a client that sends but does not read is cut too', async () => {
  const here = await served({ stallTimeoutMs: 200 })
  const bad = stalled(here.port)
  await here.stream.clients(1)
  const noise = setInterval(() => bad.socket.write('x'), 20)
  const timer = setInterval(() => here.stream.publish(standInPicture(0, 2_000_000)), 20)
  await here.stream.clients(0)
  clearInterval(timer)
  clearInterval(noise)
  expect(here.transport.stats().stalled).toBe(1)
})

test('a client that goes on asking behind its stream costs no memory', async () => {
  const here = await served({})
  const greedy = viewer(here.port)
  await here.stream.clients(1)
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  const requests = Buffer.from('GET /state HTTP/1.1\r\nHost: test\r\n\r\n'.repeat(1000))
  // More than the kernel holds for both ends, so that the server has read most of it.
  for (let sent = 0; sent < 16_000_000; sent += requests.length) {
    await new Promise<void>((resolve) => greedy.socket.write(requests, () => resolve()))
  }
  collectGarbage()
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(20_000_000)
  here.stream.publish(standInPicture(1, 100))
  await until(() => greedy.numbers.length === 1)
})

for (const [waits, first] of Object.entries({
  'waits for a snapshot': '/snapshot.jpg',
  'waits for a snapshot with streams behind it': '/snapshot.jpg',
  'does not read': '/state'
})) {
  test(`a connection that ${waits} and goes on asking is cut, and costs no memory`, async () => {
    const here = await served({})
    const greedy = new RawClient(here.port)
    clients.push(greedy)
    greedy.socket.pause()
    const behind = waits.includes('streams') ? '/stream' : '/state'
    const requests = Buffer.from(`GET ${behind} HTTP/1.1\r\nHost: test\r\n\r\n`.repeat(1000))
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    greedy.socket.write(`GET ${first} HTTP/1.1\r\nHost: test\r\n\r\n`)
    let most = 0
    for (let sent = 0; sent < 16_000_000 && greedy.socket.writable; sent += requests.length) {
      await new Promise<void>((resolve) => greedy.socket.write(requests, () => resolve()))
      if (sent % (50 * requests.length) === 0) collectGarbage()
      most = Math.max(most, process.memoryUsage().heapUsed - before)
    }
    expect(most).toBeLessThan(40_000_000)
    expect(here.transport.stats().pipelinesCut).toBe(1)
    await here.stream.clients(0)
    greedy.socket.resume()
    await greedy.closed
  })
}

test('a client may ask for some things ahead, and for many one after the other', async () => {
  const here = await served({})
  const client = new RawClient(here.port)
  clients.push(client)
  const request = 'GET /nothing HTTP/1.1\r\nHost: test\r\n\r\n'
  for (let round = 1; round <= 5; round++) {
    client.socket.write(request.repeat(8))
    await until(() => client.text.match(/HTTP\/1\.1 404/g)?.length === 8 * round)
  }
  expect(here.transport.stats()).toMatchObject({ notFound: 40, pipelinesCut: 0 })
})

test('a client that has nothing to read because the source is silent is not cut', async () => {
  const here = await served({ stallTimeoutMs: 50 })
  const idle = viewer(here.port)
  await here.stream.clients(1)
  // Ten stall times are the subject here, not a wait for luck.
  await new Promise((resolve) => setTimeout(resolve, 500))
  here.stream.publish(standInPicture(1, 100))
  await until(() => idle.numbers.length === 1)
  await new Promise((resolve) => setTimeout(resolve, 200))
  here.stream.publish(standInPicture(2, 100))
  await until(() => idle.numbers.length === 2)
  expect(here.transport.stats().stalled).toBe(0)
})

test('a client that reads slowly but goes on is not cut', async () => {
  const stallTimeoutMs = 4000
  const here = await served({ stallTimeoutMs })
  const slow = stalled(here.port)
  await here.stream.clients(1)
  const size = 40_000_000
  here.stream.publish(standInPicture(1, size))
  // A tenth of a second of silence between gulps, a fraction of the stall time; all together they take more than twice of it.
  const timer = setInterval(() => {
    slow.socket.resume()
    setImmediate(() => setImmediate(() => slow.socket.pause()))
  }, 100)
  const startedMs = performance.now()
  await slow.until(1_000_000)
  await until(() => slow.isClosed || performance.now() - startedMs > 2.2 * stallTimeoutMs)
  expect(slow.isClosed).toBe(false)
  expect(here.transport.stats().stalled).toBe(0)
  clearInterval(timer)
  slow.socket.resume()
  await slow.until(size)
})

test('a snapshot that is not taken is cut too', async () => {
  const here = await served({ stallTimeoutMs: 300 })
  const bad = new RawClient(here.port)
  clients.push(bad)
  bad.socket.pause()
  bad.socket.write('GET /snapshot.jpg HTTP/1.1\r\nHost: test\r\n\r\n')
  await here.stream.clients(1)
  here.stream.publish(standInPicture(1, 60_000_000))
  await until(() => here.transport.stats().stalled === 1)
})

/** Looks again after each turn of the event loop; the time-out of the test ends it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}
