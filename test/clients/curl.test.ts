import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ClientProgram, type PacedCamera, pacedCamera, wholeParts } from '../support/paced-camera.js'

const run = promisify(execFile)
let camera: PacedCamera
let folder: string
let programs: ClientProgram[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamer-curl-'))
  camera = await pacedCamera({ corsOrigin: 'http://mainsail.local' })
})

afterEach(async () => {
  await Promise.all(programs.map((program) => program.end()))
  programs = []
  await camera.stop()
  await rm(folder, { recursive: true })
})

/** Until it ends by itself. */
async function curl(...args: string[]): Promise<Buffer> {
  const { stdout } = await run('curl', ['-sS', ...args], { encoding: 'buffer', maxBuffer: 2 ** 24 })
  return stdout
}

/** A stream, which never ends by itself. */
function watch(...args: string[]): ClientProgram {
  const program = new ClientProgram('curl', ['-sSN', ...args])
  programs.push(program)
  return program
}

async function enough(program: ClientProgram, count: number, read = async () => program.output) {
  const wait = { timeout: 60_000, interval: 50 }
  await expect
    .poll(async () => {
      if (!program.isRunning) throw new Error(`curl has ended: ${program.complaint}`)
      return wholeParts(await read()).length
    }, wait)
    .toBeGreaterThanOrEqual(count)
  await program.end()
  return wholeParts(await read())
}

function state(): Promise<unknown> {
  return curl(`${camera.base}state`).then((text) => JSON.parse(text.toString()))
}

describe('curl', () => {
  test('writes a stream into a file, each frame whole and in order', async () => {
    const file = join(folder, 'stream.mjpg')
    const program = watch('-o', file, `${camera.base}stream.mjpg`)
    const parts = await enough(program, 30, () => readFile(file).catch(() => Buffer.alloc(0)))
    const numbers = parts.map(({ picture }) => camera.numberOf(picture))
    expect(numbers).toEqual(Array.from(new Set(numbers)).sort((one, other) => one - other))
    expect(parts[0]!.head).toMatch(
      /^--streamerframe\r\nContent-Type: image\/jpeg\r\nContent-Length: \d+\r\nX-Timestamp: \d+\.\d{6}$/
    )
  })

  test('gets the same as HTTP/1.0, without chunks', async () => {
    const parts = await enough(watch('--http1.0', '--raw', `${camera.base}?action=stream`), 5)
    for (const { picture } of parts) camera.numberOf(picture)
  })

  test('gets fewer frames with ?fps=', async () => {
    const all = watch(`${camera.base}stream.mjpg`)
    const few = watch(`${camera.base}stream.mjpg?fps=1`)
    // The second goes on for longer than the first. A machine that is too busy for 30 a second still leaves a wide margin.
    const fast = await enough(all, 60)
    const slow = await enough(few, 3)
    expect(slow.length * 2).toBeLessThan(fast.length)
    for (const { picture } of slow) camera.numberOf(picture)
  })

  for (const version of ['--http1.0', '--http1.1']) {
    test(`gets a snapshot with its time in the head (${version})`, async () => {
      const answer = await curl(version, '-i', `${camera.base}snapshot.jpg`)
      const headEnd = answer.indexOf('\r\n\r\n')
      const head = answer.toString('latin1', 0, headEnd)
      const picture = answer.subarray(headEnd + 4)
      expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
      expect(head).toMatch(/^X-Timestamp: \d+\.\d{6}\r?$/m)
      expect(head).toMatch(/^Content-Type: image\/jpeg\r?$/m)
      expect(head).toMatch(/^Cache-Control: no-store\r?$/m)
      expect(head).not.toMatch(/^ETag/im)
      expect(head).toContain(`\r\nContent-Length: ${picture.length}\r\n`)
      camera.numberOf(picture)
    })
  }

  test('is told of stream and snapshot by HEAD, and the camera sleeps on', async () => {
    expect((await curl('-I', `${camera.base}stream.mjpg`)).toString()).toMatch(
      /^HTTP\/1\.1 200 OK\r\n(?:.*\r\n)*Content-Type: multipart\/x-mixed-replace; boundary=streamerframe\r$/m
    )
    expect((await curl('-I', `${camera.base}snapshot.jpg`)).toString()).toMatch(/^Content-Type: image\/jpeg\r$/m)
    expect(await state()).toMatchObject({ streams: [{ state: 'idle', starts: 0 }] })
  })

  test('is answered as a browser’s preflight is', async () => {
    const ask = ['-X', 'OPTIONS', '-H', 'Origin: http://mainsail.local', '-H', 'Access-Control-Request-Method: GET']
    const answer = (await curl('-i', ...ask, `${camera.base}stream.mjpg`)).toString()
    expect(answer).toMatch(/^HTTP\/1\.1 204 /)
    expect(answer).toMatch(/^Access-Control-Allow-Origin: http:\/\/mainsail\.local\r$/m)
    expect(answer).toMatch(/^Access-Control-Allow-Methods: .*GET/m)
  })

  test('is told what is allowed when it posts', async () => {
    const answer = (await curl('-i', '-d', 'x=1', `${camera.base}stream.mjpg`)).toString()
    expect(answer).toMatch(/^HTTP\/1\.1 405 /)
    expect(answer).toMatch(/^Allow: GET, HEAD, OPTIONS\r$/m)
  })
})
