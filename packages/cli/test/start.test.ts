import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freePorts, type RunningCommand, Workplace } from './run-command.js'

let place: Workplace

beforeEach(async () => {
  place = await Workplace.create()
})

afterEach(async () => {
  await place.dispose()
})

const write = (name: string, text: string) => writeFile(join(place.folder, name), text)

const local = ['--host', '127.0.0.1', ...freePorts]

/** The last line of the announcement is the last transport's. */
const up = /udp: udp:\S+/

/** Stands in for a plugin of somebody else; `body` is the part's. */
const standIn = (kind: string, body: string) => `export default { kind: '${kind}', apiVersion: 1, name: 'mine',
  create: () => (${body}),
  configSchema: { '~standard': { version: 1, vendor: 'mine', validate: (value) => ({ value }) } } }\n`

async function stateOf(running: RunningCommand): Promise<unknown> {
  const [, port] = await running.output(/http:\/\/127\.0\.0\.1:(\d+)\//)
  const request = get({ host: '127.0.0.1', port: Number(port), path: '/state', agent: false })
  const [response] = (await once(request, 'response')) as [AsyncIterable<Buffer>]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks).toString())
}

describe('streamer start', () => {
  it('serves all three transports without a terminal, says so in plain lines, and ends with 0 on SIGTERM', async () => {
    const running = place.start(local)
    await running.output(up)
    expect(await stateOf(running)).toBeTypeOf('object')
    // Where there is a helper to ask, the answer takes a moment.
    await running.output(/showing the test camera/)
    running.child.kill('SIGTERM')
    expect(await running.ended).toEqual({ code: 0, signal: null })
    expect(running.stdout).toMatch(/INFO: Streamer \d+\.\d+\.\d+; configuration: none/)
    expect(running.stdout).toMatch(/INFO: stream main: auto 640x480, 30 fps -> jpeg quality 80\n/)
    expect(running.stdout).toMatch(
      /WARN: source: no camera found: showing the test camera \(.+; "streamer doctor" tells more\)\n/
    )
    expect(running.stdout).toMatch(/INFO: tcp: tcp:\/\/127\.0\.0\.1:\d+\n/)
    expect(running.stdout).toMatch(/INFO: stopping \(SIGTERM\)\n$/)
    expect(running.stdout).not.toContain('\x1b')
    expect(running.stdout).not.toContain('Anyone on the network')
    expect(running.stderr).toBe('')
  })

  it.each(['SIGINT', 'SIGHUP'] as const)('ends with 0 on %s', async (signal) => {
    const running = place.start([...local, '--transport', 'udp,tcp,http'])
    await running.output(/tcp: tcp:\S+/)
    running.child.kill(signal)
    expect(await running.ended).toEqual({ code: 0, signal: null })
  })

  it('prints addresses that can be typed, and that anyone can watch, when it listens on all interfaces', async () => {
    const running = place.start(freePorts)
    const addresses = Object.values(networkInterfaces()).flatMap((some) => some ?? [])
    // A machine without a network is reached by itself alone.
    const isOnNetwork = addresses.some(({ internal, family }) => !internal && family === 'IPv4')
    await running.output(isOnNetwork ? /Anyone on the network can watch/ : /udp: udp/)
    expect(running.stdout).toMatch(/http:\/\/localhost:\d+\//)
    expect(running.stdout).not.toMatch(/\[::\]|0\.0\.0\.0/)
    running.child.kill('SIGTERM')
    await running.ended
  })

  it('takes its file and its settings, and names both', async () => {
    await write(
      '.streamerrc',
      'source: { use: fake, width: 320, height: 240, pattern: black }\ntransports: [{ use: udp, port: 0 }]\n'
    )
    const running = place.start(['--host', '127.0.0.1', '--quality', '5', '--framerate', '12.5'], {
      STREAMER_WIDHT: '1'
    })
    await running.output(up)
    expect(running.stdout).toContain('configuration: .streamerrc\n')
    expect(running.stdout).toContain('stream main: fake 320x240, 12.5 fps, pattern black -> jpeg quality 5\n')
    expect(running.stdout).toContain('WARN: STREAMER_WIDHT means nothing to Streamer; did you mean STREAMER_WIDTH?\n')
    running.child.kill('SIGTERM')
    await running.ended
  })

  it('ends at once on a second signal, with 143 or 130, also when a part does not stop', async () => {
    await write(
      'stuck.mjs',
      standIn(
        'transport',
        `{ accepts: ['mjpeg'], start: async () => ['stuck://127.0.0.1'], stop: () => new Promise(() => {}) }`
      )
    )
    for (const [signal, code] of [
      ['SIGTERM', 143],
      ['SIGINT', 130]
    ] as const) {
      const running = place.start(['--transport', './stuck.mjs'])
      await running.output(/stuck:\/\//)
      running.child.kill('SIGTERM')
      await running.output(/stopping/)
      // A signal right behind the first one counts as the same key press, so it is sent until it counts.
      const again = setInterval(() => running.child.kill(signal), 50)
      expect(await running.ended).toEqual({ code, signal: null })
      clearInterval(again)
    }
  })

  it('ends with 0 although a part does not stop', async () => {
    await write(
      'stuck.mjs',
      standIn(
        'transport',
        `{ accepts: ['mjpeg'], start: async () => ['stuck://127.0.0.1'], stop: () => new Promise(() => {}) }`
      )
    )
    const running = place.start(['--transport', './stuck.mjs'])
    await running.output(/stuck:\/\//)
    running.child.kill('SIGTERM')
    // The same key press, passed on by npm.
    running.child.kill('SIGINT')
    expect(await running.ended).toEqual({ code: 0, signal: null })
    expect(running.stdout).toMatch(/ERROR: mine: did not stop within/)
  })

  it('ends with 0 on a signal while a transport is still starting', async () => {
    await write(
      'slow.mjs',
      standIn(
        'transport',
        `{ accepts: ['mjpeg'], start: () => { console.log('starting'); return new Promise(() => {}) }, stop: async () => {} }`
      )
    )
    const running = place.start(['--transport', './slow.mjs'])
    await running.output(/starting/)
    running.child.kill('SIGTERM')
    expect(await running.ended).toEqual({ code: 0, signal: null })
  })

  it('goes on when the reader of its output goes away', async () => {
    const running = place.start(local)
    await running.output(up)
    running.child.stdout?.destroy()
    running.child.kill('SIGTERM')
    expect(await running.ended).toEqual({ code: 0, signal: null })
    expect(running.stderr).toBe('')
  })
})

describe('an output that nobody reads', () => {
  /** 4 MB, which no pipe takes; with pauses, for a call that holds up the others is told in a line of its own. */
  const talker = standIn(
    'transport',
    `{ accepts: ['mjpeg'], stop: async () => {}, start: async () => {
      for (let n = 0; n < 40_000; n++) {
        if (n % 500 === 0) await new Promise(setImmediate)
        logger.info('line ' + String(n).padStart(80, '.'))
      }
      process.stderr.write('all said'); return ['mine://127.0.0.1'] } }`
  ).replace('() => (', '(_, { logger }) => (')

  it('costs lines instead of memory, and their number is told when somebody reads again', async () => {
    await write('talker.mjs', talker)
    const running = place.start(['--source', 'fake', '--transport', './talker.mjs'])
    running.child.stdout?.pause()
    while (!running.stderr.includes('all said')) await once(running.child.stderr as NodeJS.ReadableStream, 'data')
    running.child.stdout?.resume()
    const [, count] = await running.output(
      /WARN: nobody read the output for a while: (\d+) lines of it were left out\n/
    )
    const lines = running.stdout.match(/ INFO: mine: line \.+\d+$/gm) ?? []
    const others = running.stdout.match(/ INFO: (Streamer|stream main:|mine: mine:)/g) ?? []
    expect(lines.length + others.length + Number(count)).toBe(40_000 + 3)
    // 1 MiB, and what the pipe holds.
    expect(running.stdout.length).toBeLessThan(1.5 * 2 ** 20)
    running.child.kill('SIGTERM')
    expect(await running.ended).toEqual({ code: 0, signal: null })
  })

  it('does not keep the program from ending', async () => {
    await write('talker.mjs', talker)
    const running = place.start(['--transport', './talker.mjs'])
    running.child.stdout?.pause()
    await running.output(/all said/)
    running.child.kill('SIGTERM')
    expect(await once(running.child, 'exit')).toEqual([0, null])
  })

  it('is waited for where somebody asked for it', async () => {
    await write('wordy.yaml', 'transports: [{ use: ./wordy.mjs }]\n')
    // More than a pipe and its reader hold.
    const jsonSchema = `jsonSchema: { input: () => {
      process.stderr.write('about to print'); return { type: 'object', description: 'x'.repeat(4e6) } } },`
    await write('wordy.mjs', standIn('transport', '{}').replace('validate:', `${jsonSchema} validate:`))
    const running = place.start(['schema', '--config', 'wordy.yaml'])
    running.child.stdout?.pause()
    const ended = once(running.child, 'exit')
    await running.output(/about to print/)
    // Longer than a server waits.
    setTimeout(() => running.child.stdout?.resume(), 400)
    expect(await ended).toEqual([0, null])
    await running.ended
    expect(JSON.parse(running.stdout)).toHaveProperty('properties')
  })
})

describe('a call to the system that does not come back', () => {
  it('does not keep the program from ending, which is by the signal itself then', async () => {
    execFileSync('mkfifo', [join(place.folder, 'nobody-writes')])
    const body = `{ accepts: ['mjpeg'], stop: async () => {}, start: async () => {
      (await import('node:fs')).readFile('nobody-writes', () => {}); return ['mine://127.0.0.1'] } }`
    await write('mine.mjs', standIn('transport', body))
    const running = place.start(['--transport', './mine.mjs'])
    await running.output(/mine:\/\//)
    running.child.kill('SIGTERM')
    expect(await running.ended).toEqual({ code: null, signal: 'SIGTERM' })
    expect(running.stdout).toMatch(/WARN: a name lookup or an access to a file does not come back; ending by SIGTERM/)
  })

  it('does not hold up a second signal either', async () => {
    execFileSync('mkfifo', [join(place.folder, 'nobody-writes')])
    const body = `{ accepts: ['mjpeg'], stop: () => new Promise(() => {}), start: async () => {
      (await import('node:fs')).readFile('nobody-writes', () => {}); return ['mine://127.0.0.1'] } }`
    await write('mine.mjs', standIn('transport', body))
    const running = place.start(['--transport', './mine.mjs'])
    await running.output(/mine:\/\//)
    running.child.kill('SIGTERM')
    await running.output(/stopping/)
    const again = setInterval(() => running.child.kill('SIGINT'), 50)
    expect(await running.ended).toEqual({ code: null, signal: 'SIGINT' })
    clearInterval(again)
  })
})

describe('a port that is taken', () => {
  it('ends the program with 1, naming transport, address and reason', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const { port } = holder.address() as AddressInfo
    try {
      const { code, stdout, stderr } = await place.run([...local, '--http-port', String(port)])
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr.split('\n')[0]).toMatch(
        new RegExp(`^streamer: .*http: cannot listen on 127\\.0\\.0\\.1:${port}: address already in use$`)
      )
      expect(stderr).toContain('Choose another port')
    } finally {
      holder.close()
    }
  })

  it('does not keep the other transports from serving when that one is optional', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const { port } = holder.address() as AddressInfo
    try {
      await write(
        '.streamerrc',
        `host: 127.0.0.1\ntransports:\n  - { use: tcp, port: ${port}, optional: true }\n  - { use: udp, port: 0 }\n`
      )
      const running = place.start([])
      await running.output(up)
      await running.output(/WARN: tcp: .*address already in use/)
      expect(running.stdout).not.toMatch(/INFO: tcp: tcp:/)
      running.child.kill('SIGTERM')
      expect(await running.ended).toEqual({ code: 0, signal: null })
    } finally {
      holder.close()
    }
  })
})

describe('the log', () => {
  it('is JSON where that is asked for, and goes to a file as well', async () => {
    const running = place.start([...local, '--source', 'fake', '--log-format', 'json', '--log-file', 'streamer.log'])
    await running.output(/"msg":"udp: /)
    running.child.kill('SIGTERM')
    await running.ended
    const lines = running.stdout.trimEnd().split('\n')
    for (const line of lines)
      expect(JSON.parse(line)).toMatchObject({ level: 'info', msg: expect.any(String), time: expect.any(Number) })
    expect(await readFile(join(place.folder, 'streamer.log'), 'utf8')).toBe(running.stdout)
  })

  it('is appended to the file of the configuration, from its folder, and tells why the program ended', async () => {
    await write('x.yaml', 'host: 192.0.2.99\nlog: { file: x.log, level: warn }\ntransports: [{ use: tcp }]\n')
    await write('x.log', 'before\n')
    const { code, stdout } = await place.run(['--config', 'x.yaml'])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(await readFile(join(place.folder, 'x.log'), 'utf8')).toMatch(
      /^before\n\[.*\] FATAL: .*tcp: cannot listen on 192\.0\.2\.99:8888: /
    )
  })

  it('marks lines with their part, and shows stacks at debug only', async () => {
    const body = `{ accepts: ['mjpeg'], stop: async () => {}, start: async () => {
      logger.warn('it rattles', { error: new Error('loose screw'), times: 3 }); return ['mine://127.0.0.1'] } }`
    await write('mine.mjs', standIn('transport', body).replace('() => (', '(_, { logger }) => ('))
    const run = async (...more: string[]) => {
      const running = place.start(['--transport', './mine.mjs', ...more])
      await running.output(/mine:\/\//)
      running.child.kill('SIGTERM')
      await running.ended
      return running.stdout
    }
    const quiet = await run()
    expect(quiet).toMatch(/WARN: mine: it rattles: loose screw times=3\n/)
    expect(quiet).not.toMatch(/^\s+at /m)
    expect(await run('--log-level', 'debug')).toMatch(/loose screw times=3\n\s*Error: loose screw\n\s+at /)
  })
})

describe('a plugin that throws outside of any call', () => {
  it('is named in the log and started again, and the others go on', async () => {
    const body = `{ accepts: ['mjpeg'], stop: async () => {}, start: async () => {
      globalThis.starts = (globalThis.starts ?? 0) + 1
      if (globalThis.starts === 1) setTimeout(() => { throw new Error('in a timer') })
      if (globalThis.starts === 2) Promise.reject(new Error('in a promise'))
      return ['mine://127.0.0.1:' + globalThis.starts] } }`
    await write('mine.mjs', standIn('transport', body))
    const running = place.start([...local.slice(0, 2), '--transport', './mine.mjs,udp', '--udp-port', '0'])
    await running.output(up)
    const said = (text: string) =>
      new RegExp(`ERROR: the transport plugin "\\./mine\\.mjs" threw outside of any call: ${text}; starting it again`)
    await running.output(said('in a timer'))
    await running.output(said('in a promise'))
    await running.output(
      /WARN: mine: transport mine: threw outside of any call: in a timer; starting it again in 0\.5 s/
    )
    await running.output(/INFO: mine: listening again: mine:\/\/127\.0\.0\.1:3/)
    expect(running.stdout).not.toMatch(/udp: .*starting it again/)
    running.child.kill('SIGTERM')
    expect(await running.ended).toEqual({ code: 0, signal: null })
    expect(running.stderr).toBe('')
  })

  it.each([
    ['Object.create(null)', 'something that is no error was thrown'],
    ["{ toString() { throw new Error('not even that') } }", 'something that is no error was thrown'],
    ["Object.defineProperty(new Error('odd'), 'stack', { get() { throw 1 } })", 'odd']
  ])('may throw %s', async (thrown, said) => {
    const body = `{ accepts: ['mjpeg'], stop: async () => {}, start: async () => {
      setTimeout(() => { throw ${thrown} }); Promise.reject(${thrown}); return ['mine://127.0.0.1'] } }`
    await write('mine.mjs', standIn('transport', body))
    const running = place.start([
      ...local.slice(0, 2),
      '--transport',
      './mine.mjs,udp',
      '--udp-port',
      '0',
      '--log-level',
      'debug'
    ])
    await running.output(new RegExp(`ERROR: something threw outside of any call: ${said}; going on`))
    await running.output(up)
    running.child.kill('SIGTERM')
    expect(await running.ended).toEqual({ code: 0, signal: null })
    expect(running.stderr).toBe('')
  })
})
