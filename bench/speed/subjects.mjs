/**
 * Servers that are compared. A subject has a `name`, and `start(scenario, tools)`, which resolves with `{ port, pid, stop }` when clients can connect; `path` is
 * where its stream is over HTTP. A scenario has `protocol` (http, tcp, udp), `corpus`, `framerate` (0: as fast as the clients take them) and, for some, `pipe`
 * (the pictures come from a program), `key`, and `others`, transports that nobody uses; `version` is that of the UDP protocol which its clients speak. One that cannot run here has `missing`, a sentence that says why.
 */
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { has, Program } from './programs.mjs'

const pathOf = (relative) => fileURLToPath(new URL(relative, import.meta.url))
const streamerProgram = pathOf('../../packages/cli/bin/streamer.js')
const replaySource = pathOf('./replay-source.mjs')

/** The C floor; `floor-gso` gives the kernel all chunks of a frame at once. */
function floor(name, protocolOf) {
  return {
    name,
    async start({ protocol, corpus, framerate }, { programs, cores }) {
      const args = [protocolOf(protocol), String(framerate), ...corpus.files]
      const program = new Program(programs.floor, args, cores.server)
      const { port } = await program.nextJson('port')
      return { port, pid: program.pid, stop: () => program.stop() }
    }
  }
}

/** Ourselves: the command with a configuration, as people run it. `streamer-plain` has to do without koffi. */
function streamer(name, { version = 1, nodeArgs = [] } = {}) {
  let count = 0
  return {
    name,
    version,
    async start(scenario, { folder, cores, programs }) {
      const config = join(folder, `${name}-${count++}.json`)
      writeFileSync(config, JSON.stringify(streamerConfig(scenario, programs)))
      const args = [...nodeArgs, streamerProgram, '--config', config, '--log-format', 'json']
      const program = new Program(process.execPath, args, scenario.unpinned ? undefined : cores.server)
      const { protocol } = scenario
      const find = (line) => new RegExp(`"${protocol}: ${protocol}://127\\.0\\.0\\.1:(\\d+)`).exec(line)
      try {
        const [, port] = await program.next(find, 'it listened')
        return { port: Number(port), pid: program.pid, stop: () => program.stop('SIGTERM') }
      } catch (error) {
        await program.stop('SIGKILL')
        throw error
      }
    }
  }
}

/** @returns the `.streamerrc` of a scenario. Limits are as wide as the scenario needs; nothing else differs from the defaults that costs or saves anything. */
export function streamerConfig({ protocol, corpus, framerate, pipe, key, fake, others = [] }, programs) {
  const { files, width, height } = corpus ?? {}
  const source = fake
    ? { use: 'fake' }
    : pipe
      ? { use: 'command', command: [programs['camera-pipe'], String(framerate), ...files] }
      : { use: replaySource, files, width, height, framerate }
  const transport = { use: protocol, host: '127.0.0.1', port: 0, maxClients: 1000 }
  if (protocol !== 'http') transport.payload = 'jpeg'
  if (protocol === 'udp') transport.registrationsPerSecond = 1000
  if (key !== undefined) transport.key = key
  const unused = others.map((use) => ({ use, host: '127.0.0.1', port: 0 }))
  return { source, transports: [transport, ...unused], linger: 0 }
}

/** ustreamer with a stand-in for a V4L2 camera, see the head of `stand-in-v4l2.c`. */
function ustreamer() {
  const isThere = has('ustreamer')
  return {
    name: 'ustreamer',
    path: '/stream',
    ...(!isThere && { missing: 'ustreamer is not on this machine and left out: sudo apt install ustreamer' }),
    async start({ corpus, framerate }, { programs, cores }) {
      const port = await freePort()
      const camera = ['--device=/dev/video-stand-in', '--format=MJPEG', '--encoder=HW', '--buffers=3']
      const size = [`--resolution=${corpus.width}x${corpus.height}`, `--desired-fps=${framerate}`]
      const server = ['--host=127.0.0.1', `--port=${port}`, '--tcp-nodelay']
      // The stand-in is for ustreamer alone, and not for what sets its core.
      const assignments = [
        `LD_PRELOAD=${programs['stand-in-v4l2']}`,
        `STAND_IN_CORPUS=${corpus.folder}`,
        `STAND_IN_FPS=${framerate}`
      ]
      const program = new Program('env', [...assignments, 'ustreamer', ...camera, ...size, ...server], cores.server)
      try {
        await program.next((line) => line.includes('Capturing'), 'its camera ran')
        return { port, pid: program.pid, stop: () => program.stop('SIGTERM') }
      } catch (error) {
        await program.stop('SIGKILL')
        throw error
      }
    }
  }
}

/** ustreamer does not tell which port it got, so it has to be told one. */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** The least that Node does it with, over HTTP. */
function bareNode() {
  return {
    name: 'node',
    async start({ corpus, framerate }, { cores }) {
      const args = [pathOf('./bare-node.mjs'), String(framerate), ...corpus.files]
      const program = new Program(process.execPath, args, cores.server)
      const { port } = await program.nextJson('port')
      return { port, pid: program.pid, stop: () => program.stop() }
    }
  }
}

function python() {
  return {
    name: 'python',
    ...(!has('python3') && { missing: "python3 is not on this machine, and Python's loop left out" }),
    async start({ corpus, framerate }, { cores }) {
      const args = [pathOf('./sendto.py'), String(framerate), ...corpus.files]
      const program = new Program('python3', args, cores.server)
      const { port } = await program.nextJson('port')
      return { port, pid: program.pid, stop: () => program.stop() }
    }
  }
}

/** All of them by name. */
export const subjects = {
  floor: floor('floor', (protocol) => protocol),
  'floor-gso': floor('floor-gso', (protocol) => `${protocol}-gso`),
  node: bareNode(),
  streamer: streamer('streamer'),
  'streamer-v2': streamer('streamer-v2', { version: 2 }),
  'streamer-plain': streamer('streamer-plain', { nodeArgs: ['--import', pathOf('./without-koffi.mjs')] }),
  ustreamer: ustreamer(),
  python: python()
}
