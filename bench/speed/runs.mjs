/** Single measurements. Each starts what it needs, and ends it. Times in the results have their unit in the name; a share is of one core, 1 is all of it. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cpuBetween, cpuUsOf, membersNamed, residentBytes, writeCallsOf } from './process-tree.mjs'
import { Program } from './programs.mjs'

const pathOf = (relative) => fileURLToPath(new URL(relative, import.meta.url))
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Server and clients of a scenario, all of which have had a frame, for the time of `use`. */
async function withClients(subject, scenario, tools, use) {
  const server = await subject.start(scenario, tools)
  let load
  try {
    load = startLoad(subject, scenario, server.port, tools)
    await load.nextJson('ready')
    return await use(server, load)
  } finally {
    await load?.stop()
    await server.stop()
  }
}

function startLoad(subject, { protocol, clients, lossPercent = 0, key }, port, { programs, cores }) {
  if (subject.version === 2) {
    const args = [pathOf('./receive-v2.mjs'), String(port), String(clients), String(lossPercent)]
    return new Program(process.execPath, key === undefined ? args : [...args, key], cores.clients)
  }
  const path = protocol === 'http' ? [subject.path ?? '/stream.mjpg'] : []
  return new Program(programs.load, [protocol, String(port), String(clients), ...path], cores.clients)
}

/** A stream that runs: what it costs, and what arrives. */
export function measureStream(subject, scenario, tools) {
  return withClients(subject, scenario, tools, async (server, load) => {
    await sleep(tools.settings.warmupSeconds * 1000)
    await load.ask('reset', 'reset')
    const cameras = membersNamed(server.pid, 'camera-pipe')
    const before = cpuUsOf(server.pid)
    await sleep(tools.settings.seconds * 1000)
    const after = cpuUsOf(server.pid)
    const report = await load.ask('report', 'seconds')
    if (report.frames === 0) throw new Error(`${subject.name} delivered nothing`)
    const cpuUs = cpuBetween(before, after)
    const { seconds, frames, datagrams, least, most, ages, lastAges, parity } = report
    return {
      frames,
      least,
      most,
      cpuUsPerFrame: cpuUs / frames,
      share: cpuUs / (seconds * 1e6),
      shareWithoutCamera: cpuBetween(before, after, cameras) / (seconds * 1e6),
      framesPerSecond: frames / seconds,
      clientFramerate: frames / seconds / scenario.clients,
      framesPerCpuSecond: frames / (cpuUs / 1e6),
      bytesPerSecond: report.bytes / seconds,
      datagramsPerCpuSecond: datagrams / (cpuUs / 1e6),
      ages,
      lastAges,
      parity,
      residentBytes: residentBytes(server.pid)
    }
  })
}

/**
 * What is held for a client that takes nothing for a while: the bytes of all frames that it then gets and that were made before it began to read again,
 * without those in its own receive buffer. That is user space and the kernel's send buffer together, and at most one frame too much.
 */
export function measureSlowClient(subject, scenario, tools) {
  return withClients(subject, scenario, tools, async (_server, load) => {
    const { stall } = await load.ask(`stall ${Math.round(tools.settings.stallSeconds * 1000)}`, 'stall')
    const { heldBytes, heldFrames, receiveBufferBytes } = stall
    return { heldBytes: Math.max(0, heldBytes - receiveBufferBytes), heldFrames, receiveBufferBytes }
  })
}

/**
 * System calls that write, for each frame and client: by strace where it is there, which knows which of them go to sockets; else by the kernel's count of
 * `write` and `writev`, those to anything else included, and without `send` and its like.
 */
export function measureWrites(subject, scenario, tools) {
  return withClients(subject, scenario, tools, async (server, load) => {
    const { seconds, warmupSeconds } = tools.settings
    await sleep(warmupSeconds * 1000)
    await load.ask('reset', 'reset')
    if (!tools.strace) {
      const before = writeCallsOf(server.pid)
      await sleep(seconds * 1000)
      const calls = writeCallsOf(server.pid) - before
      const { frames } = await load.ask('report', 'seconds')
      return { writesPerFrame: calls / frames, method: '/proc/PID/io' }
    }
    const folder = mkdtempSync(join(tmpdir(), 'streamer-strace-'))
    try {
      const file = join(folder, 'calls')
      const calls = 'trace=write,writev,sendto,sendmsg,sendmmsg'
      const args = ['-f', '-y', '-v', '-s', '0', '-e', calls, '-e', 'signal=none', '-o', file, '-p', String(server.pid)]
      const strace = new Program('strace', args, tools.cores.clients)
      await strace.next((line) => line.includes('attached'), 'it was attached')
      await sleep(seconds * 1000)
      await strace.stop('SIGINT')
      const { frames, bytes } = await load.ask('report', 'seconds')
      const written = socketWrites(readFileSync(file, 'latin1'))
      if (written.calls === 0) throw new Error('strace saw nothing')
      // The frames of just these calls, whatever came before and after.
      return { writesPerFrame: written.calls / (written.bytes / (bytes / frames)), method: 'strace' }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
}

/** Calls that write to sockets, and what these have taken, in the output of `strace -f -y -v`. */
function socketWrites(text) {
  let calls = 0
  let bytes = 0
  const unfinished = new Set()
  for (const line of text.split('\n')) {
    const [, thread = ''] = /^(\d+)\s/.exec(line) ?? []
    const isResumed = /<\.\.\. \w+ resumed>/.test(line)
    if (isResumed ? !unfinished.delete(thread) : !/^\d+\s+\w+\(\d+<(socket|TCP|UDP)/.test(line)) continue
    if (!isResumed) calls++
    if (line.includes('<unfinished')) unfinished.add(thread)
    // One call of `sendmmsg` returns how many messages it took; each has its own length.
    const lengths = line.includes('sendmmsg') ? line.matchAll(/msg_len=(\d+)/g) : line.matchAll(/= (\d+)$/g)
    for (const [, length] of lengths) bytes += Number(length)
  }
  return { calls, bytes }
}

/** A server that somebody has watched and nobody watches any more. */
export async function measureIdle(subject, scenario, tools) {
  const server = await subject.start(scenario, tools)
  try {
    const load = startLoad(subject, scenario, server.port, tools)
    try {
      await load.nextJson('ready')
    } finally {
      await load.stop()
    }
    // The camera runs on for a moment (`linger: 0`), and what was allocated is cleared away.
    await sleep(2000)
    const before = cpuUsOf(server.pid)
    await sleep(tools.settings.idleSeconds * 1000)
    const cpuUs = cpuBetween(before, cpuUsOf(server.pid))
    const { streams } = await (await fetch(`http://127.0.0.1:${server.port}/state`)).json()
    return { share: cpuUs / (tools.settings.idleSeconds * 1e6), state: streams[0].state }
  } finally {
    await server.stop()
  }
}

/** From the start of the command to the first whole JPEG over HTTP from the fake camera, without what Node takes to start and end with nothing to do. */
export async function measureStart(subject, tools) {
  const emptyMs = timed(() => execFileSync(process.execPath, ['-e', '0']))
  const scenario = { protocol: 'http', fake: true, unpinned: true }
  const beginMs = performance.now()
  const server = await subject.start(scenario, tools)
  try {
    await firstJpeg(server.port)
    const totalMs = performance.now() - beginMs
    return { totalMs, emptyMs, startMs: totalMs - emptyMs }
  } finally {
    await server.stop()
  }
}

function timed(work) {
  const beginMs = performance.now()
  work()
  return performance.now() - beginMs
}

/** Resolves when the first JPEG of the stream has come to its end. */
function firstJpeg(port) {
  return new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, path: '/stream.mjpg' }, (response) => {
      const pieces = []
      response.on('data', (piece) => {
        pieces.push(piece)
        const body = Buffer.concat(pieces)
        const head = body.indexOf('\r\n\r\n')
        const length = Number(/content-length: (\d+)/i.exec(body.toString('latin1', 0, Math.max(head, 0)))?.[1])
        if (!(body.length >= head + 4 + length)) return
        resolve()
        request.destroy()
      })
    })
    request.on('error', reject)
    request.setTimeout(15_000, () => request.destroy(new Error('no picture in 15 s')))
  })
}

/** The JPEG encoder by itself, in a process of its own. */
export function measureEncoder(tools) {
  const { encoderSeconds } = tools.settings
  return JSON.parse(
    execFileSync(process.execPath, [pathOf('./encoder.mjs'), String(encoderSeconds)], { encoding: 'utf8' })
  )
}

/** Resident memory after each minute with clients, in bytes. */
export function measureGrowth(subject, scenario, minutes, tools) {
  return withClients(subject, scenario, tools, async (server) => {
    const resident = []
    for (let minute = 0; minute <= minutes; minute++) {
      // The first minute fills caches and has everything compiled.
      await sleep(60_000)
      resident.push(residentBytes(server.pid))
    }
    return { resident }
  })
}

/** What the machine is, and the versions of all that takes part. */
export function describeMachine({ compiler, os, subjects }) {
  const firstLine = (command, ...args) => {
    try {
      return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')[0]
    } catch {
      return undefined
    }
  }
  const model = '/proc/device-tree/model'
  // The text of a device tree ends with a zero.
  const board = existsSync(model) ? readFileSync(model, 'latin1').replace(/\0/g, '') : undefined
  const { version } = JSON.parse(readFileSync(pathOf('../../packages/cli/package.json'), 'utf8'))
  return {
    name: board ?? os.cpus()[0]?.model ?? os.arch(),
    cores: os.cpus().length,
    memoryGb: Math.round(os.totalmem() / 2 ** 30),
    linux: os.release().replace(/-.*/, ''),
    node: process.version,
    streamer: version,
    commit: firstLine('git', '-C', pathOf('.'), 'rev-parse', '--short', 'HEAD'),
    compiler: compiler && firstLine(compiler, '--version'),
    ...(!subjects.ustreamer.missing && { ustreamer: firstLine('ustreamer', '--version') }),
    ...(!subjects.python.missing && { python: firstLine('python3', '--version') }),
    load: os.loadavg()[0]
  }
}
