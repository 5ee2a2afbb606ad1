import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Run, silentLogger, type Transport } from '@streamer/core/plugin'
import { TcpTransport, configSchema as tcpOptions } from '@streamer/transport-tcp'
import { UdpTransport, configSchema as udpOptions } from '@streamer/transport-udp'
import { afterEach, describe, expect, test } from 'vitest'
import { StandInStream } from '../support/stand-ins.js'

const folder = fileURLToPath(new URL('python/', import.meta.url))
const frameCount = 12

interface Interpreter {
  readonly path: string
  readonly numpy: string
  /** Undefined without OpenCV. */
  readonly cv2?: string
}

/** Asks an interpreter what it has; undefined without numpy, or when there is no such interpreter. */
function probe(path: string): Interpreter | undefined {
  const script = `
import json, sys, numpy
found = {"path": sys.executable, "numpy": numpy.__version__}
try:
    import cv2
    found["cv2"] = cv2.__version__
except ImportError:
    pass
print(json.dumps(found))`
  try {
    return JSON.parse(execFileSync(path, ['-c', script], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
  } catch {
    return undefined
  }
}

const found = ['/usr/bin/python3', 'python3'].map(probe).filter((interpreter) => interpreter !== undefined)
const interpreters = Array.from(new Map(found.map((interpreter) => [interpreter.path, interpreter])).values())
const withOpenCv = interpreters.find(({ cv2 }) => cv2 !== undefined)
if (withOpenCv === undefined) {
  throw new Error('no python3 with numpy and OpenCV: apt-get install python3-numpy python3-opencv')
}

interface Picture {
  /** Blue, green, red. */
  readonly mean: readonly number[]
  readonly jpeg: Buffer
}

/** Pictures as `cv2.imencode` makes them, each of another colour. */
const pictures: readonly Picture[] = execFileSync(
  withOpenCv.path,
  ['-W', 'error', 'make_pictures.py', String(frameCount)],
  { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 28 }
)
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { mean: number[]; jpeg: string })
  .map(({ mean, jpeg }) => ({ mean, jpeg: Buffer.from(jpeg, 'base64') }))

interface Line {
  readonly registered?: true
  readonly number: number
  readonly type: string
  readonly dtype: string
  readonly array: readonly number[]
  readonly writable: boolean
  readonly sha256: string
  readonly picture?: readonly number[] | null
  readonly mean?: readonly number[] | null
}

const transports: Transport[] = []
const clients: ChildProcess[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) client.kill('SIGKILL')
  for (const transport of transports.splice(0)) await transport.stop()
})

async function serve(transport: Transport, streams: readonly StandInStream[]): Promise<readonly URL[]> {
  transports.push(transport)
  const run: Run = {
    signal: new AbortController().signal,
    fail: (error) => {
      throw error
    }
  }
  const urls = await transport.start(run, new Map(streams.map((stream) => [stream.name, stream])))
  return urls.map((url) => new URL(url))
}

/**
 * Runs a client and gives it one picture after the other, each when the one before was shown: what it cannot show would hang the test.
 * Warnings of Python are errors.
 */
async function watch(python: Interpreter, stream: StandInStream, script: string, args: string[]): Promise<Line[]> {
  const client = spawn(python.path, ['-W', 'error', script, ...args, '--frames', String(frameCount)], {
    cwd: folder,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  clients.push(client)
  let complaint = ''
  client.stderr.on('data', (data: Buffer) => {
    complaint += data.toString()
  })
  const closed = once(client, 'close')
  const lines: Line[] = []
  for await (const text of createInterface({ input: client.stdout })) {
    const line = JSON.parse(text) as Line
    if (!line.registered) lines.push(line)
    while (stream.hub.size === 0) await new Promise(setImmediate)
    const next = pictures[lines.length]
    if (next !== undefined) stream.publish(next.jpeg)
  }
  const [code] = await closed
  expect(complaint).toBe('')
  expect(code).toBe(0)
  return lines
}

function check(lines: readonly Line[], python: Interpreter, payload: string): void {
  expect(lines.map(({ number }) => number)).toEqual(pictures.map((_, index) => index))
  for (const [index, line] of lines.entries()) {
    const { jpeg, mean } = pictures[index]!
    expect(line).toMatchObject({
      type: 'ndarray',
      dtype: 'uint8',
      array: [jpeg.length],
      writable: payload === 'pickle',
      sha256: createHash('sha256').update(jpeg).digest('hex')
    })
    if (python.cv2 === undefined) continue
    expect(line.picture).toEqual([480, 640, 3])
    for (const [channel, value] of mean.entries()) expect(Math.abs(line.mean![channel]! - value)).toBeLessThan(3)
  }
}

describe.each(interpreters)('$path with numpy $numpy and OpenCV $cv2', (python) => {
  const options = { host: '127.0.0.1', port: 0 }
  const context = { name: 'udp', logger: silentLogger }

  test.each([
    [32, 'u32', 'pickle'],
    [32, 'u32', 'jpeg'],
    [64, 'u64', 'pickle'],
    [64, 'native', 'pickle'],
    [64, 'native', 'jpeg']
  ])('shows every frame over UDP with headers of %i bits (%s) and payload %s', async (headerWidth, header, payload) => {
    const stream = new StandInStream('camera')
    const transport = new UdpTransport(udpOptions.parse({ ...options, headerWidth, payload }), context)
    const [url] = await serve(transport, [stream])
    const args = ['127.0.0.1', url!.port, '--header', header, '--payload', payload]
    check(await watch(python, stream, 'udp_client.py', args), python, payload)
    expect(transport.stats()).toMatchObject({ registrations: 1, framesSent: frameCount, sendErrors: 0 })
  })

  test('chooses a stream by name over UDP, over IPv6', async () => {
    const streams = [new StandInStream('front'), new StandInStream('back door')]
    const transport = new UdpTransport(udpOptions.parse({ ...options, host: '::' }), context)
    const [, url] = await serve(transport, streams)
    const args = ['::1', url!.port, '--stream', 'back door']
    check(await watch(python, streams[1]!, 'udp_client.py', args), python, 'pickle')
  })

  test.each([
    ['pickle', []],
    ['jpeg', []],
    ['pickle', ['--half-close']]
  ])('shows every frame over TCP with payload %s %j', async (payload, more) => {
    const stream = new StandInStream('camera')
    const transport = new TcpTransport(tcpOptions.parse({ ...options, payload }), { ...context, name: 'tcp' })
    const [url] = await serve(transport, [stream])
    const args = ['127.0.0.1', url!.port, '--payload', payload, ...more]
    check(await watch(python, stream, 'tcp_client.py', args), python, payload)
  })
})
