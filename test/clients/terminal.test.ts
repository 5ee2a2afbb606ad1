import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const run = promisify(execFile)
const bin = fileURLToPath(new URL('../../packages/cli/bin/streamer.js', import.meta.url))
const freePorts = '--http-port 0 --tcp-port 0 --udp-port 0'

/** A window of a tmux server of its own. */
class Terminal {
  readonly #folder: string
  #windows = 0

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Each window has its own: a server that is ending still answers on its socket. */
  get #socket(): string {
    return join(this.#folder, `tmux-${this.#windows}.sock`)
  }

  /** Runs a line; when it has ended, the screen says with which code. */
  async run(line: string, columns = 120): Promise<void> {
    const script = `trap : INT; unset NO_COLOR CI; cd '${this.#folder}'; ${line}; echo "ended with $?"; exec sleep 600`
    this.#windows++
    await this.#tmux('-f', '/dev/null', 'new-session', '-d', '-x', String(columns), '-y', '40', 'sh', '-c', script)
  }

  async screen(options: readonly string[] = []): Promise<string> {
    return (await this.#tmux('capture-pane', '-p', ...options)).replace(/\s+$/, '')
  }

  async shows(pattern: RegExp): Promise<RegExpExecArray> {
    let screen = ''
    for (let tries = 0; tries < 300; tries++) {
      screen = await this.screen()
      const match = pattern.exec(screen)
      if (match) return match
      await pause(100)
    }
    throw new Error(`the terminal never showed ${pattern}:\n${screen}`)
  }

  async press(...keys: string[]): Promise<void> {
    await this.#tmux('send-keys', ...keys)
  }

  async resize(columns: number): Promise<void> {
    await this.#tmux('resize-window', '-x', String(columns))
  }

  async close(): Promise<void> {
    await this.#tmux('kill-server').catch(() => {})
  }

  async #tmux(...args: string[]): Promise<string> {
    return (await run('tmux', ['-S', this.#socket, ...args])).stdout
  }
}

let folder: string
let terminal: Terminal

beforeEach(async () => {
  // A missing tmux is a failure, not a reason to skip.
  await run('tmux', ['-V'])
  folder = await mkdtemp(join(tmpdir(), 'streamer-terminal-'))
  terminal = new Terminal(folder)
})

afterEach(async () => {
  await terminal.close()
  await rm(folder, { recursive: true })
})

const streamer = (flags = '') => `'${process.execPath}' '${bin}' ${flags}`

describe('a terminal without a configuration', () => {
  test('is asked for the method, and the answer can be saved', async () => {
    await terminal.run(streamer('--http-port 0'))
    await terminal.shows(/How shall the stream go out\?/)
    await terminal.press('Down')
    await terminal.shows(/● HTTP/)
    await terminal.press('Enter')
    await terminal.shows(/Save this to \.streamerrc/)
    await terminal.press('Enter')
    await terminal.shows(/Configuration +\.streamerrc\n/)
    await terminal.shows(/^in idle, out 0\.0 fps \| http 0 clients \| 0 dropped$/m)
    await terminal.press('C-c')
    await terminal.shows(/ended with 0/)
    expect(await readFile(join(folder, '.streamerrc'), 'utf8')).toMatch(/^ {2}- use: http\n {4}port: 8080\n\n#/m)
    expect((await run(process.execPath, [bin, 'config'], { cwd: folder })).stdout).not.toContain('transports[1]')
  })

  test('is left as it was when the answer is not to be saved', async () => {
    await terminal.run(streamer(freePorts))
    await terminal.shows(/How shall the stream go out\?/)
    await terminal.press('Enter')
    await terminal.shows(/Save this to \.streamerrc/)
    await terminal.press('n')
    await terminal.shows(/Configuration +none/)
    await terminal.shows(/http 0 clients \| tcp 0 clients \| udp 0 clients/)
    await expect(readFile(join(folder, '.streamerrc'))).rejects.toThrow('ENOENT')
  })

  test.each(['C-c', 'Escape'])('ends with 130 when %s is the answer', async (key) => {
    await terminal.run(streamer(freePorts))
    await terminal.shows(/How shall the stream go out\?/)
    await terminal.press(key)
    await terminal.shows(/ended with 130/)
    expect(await terminal.screen()).not.toContain('Error')
  })

  test('is not asked when a flag or a variable says it', async () => {
    await terminal.run(`${streamer('--transport udp --udp-port 0 & sleep 2; kill $!; wait $!')}`)
    await terminal.shows(/ended with 0/)
    await terminal.close()
    await terminal.run(`STREAMER_TRANSPORT=udp ${streamer('--udp-port 0')}`)
    await terminal.shows(/udp 0 clients/)
    expect(await terminal.screen()).not.toContain('How shall')
  })
})

describe('streamer init in a terminal', () => {
  test('asks and writes what was answered', async () => {
    await terminal.run(streamer('init'))
    await terminal.shows(/Where do the frames come from\?/)
    await terminal.press('Enter')
    await terminal.shows(/How large is the picture/)
    await terminal.press('C-u', '9999x9999', 'Enter')
    await terminal.shows(/from 16x16 to 3840x2160/)
    await terminal.press('C-u', '1280x720', 'Enter')
    await terminal.shows(/How many frames per second\?/)
    await terminal.press('C-u', '400', 'Enter')
    await terminal.shows(/at most 240/)
    await terminal.press('C-u', '25', 'Enter')
    await terminal.shows(/How shall frames go out\?/)
    await terminal.press('Space', 'Enter')
    await terminal.shows(/Wrote \.streamerrc[\s\S]*ended with 0/)
    const { stdout } = await run(process.execPath, [bin, 'config'], { cwd: folder })
    expect(stdout).toMatch(/^source\.width +1280 +\.streamerrc/m)
    expect(stdout).toMatch(/^source\.height +720 +\.streamerrc/m)
    expect(stdout).toMatch(/^source\.framerate +25 +\.streamerrc/m)
    expect(stdout).toMatch(/^transports\[0\]\.use +tcp /m)
    expect(stdout).not.toContain('transports[2]')
  })

  test('takes a command as the source', async () => {
    await terminal.run(streamer('init'))
    await terminal.shows(/Where do the frames come from\?/)
    await terminal.press('Down', 'Down', 'Enter')
    await terminal.shows(/Which command/)
    await terminal.press('C-u', 'cat "my video.mjpg"', 'Enter')
    await terminal.shows(/How shall frames go out\?/)
    await terminal.press('Enter')
    await terminal.shows(/ended with 0/)
    const { stdout } = await run(process.execPath, [bin, 'config'], { cwd: folder })
    expect(stdout).toMatch(/^source\.command +\["cat","my video\.mjpg"\] /m)
  })
})

describe('the status line', () => {
  async function watch(): Promise<IncomingMessage> {
    const [url = ''] = await terminal.shows(/http:\/\/127\.0\.0\.1:\d+\/stream\.mjpg/)
    const [response] = (await once(get(url, { agent: false }), 'response')) as [IncomingMessage]
    response.on('error', () => {}).resume()
    return response
  }

  test('counts what goes in and out, in one row that is cut to the window', async () => {
    await terminal.run(streamer(`--host 127.0.0.1 --transport http,tcp,udp ${freePorts}`))
    const viewer = await watch()
    const wide =
      /^in \d+\.\d fps, out \d+\.\d fps \| http 1 client \d+\.\d Mbit\/s \| tcp 0 clients \| udp 0 clients \| 0 dropped$/m
    await terminal.shows(wide)
    await terminal.resize(50)
    await terminal.shows(/^in \d+\.\d fps, out \d+\.\d fps \| http 1 client [\d.]* ?[Mbit/s |t]*$/m)
    await terminal.shows(/\n(?!.*\n)in .{46,48}$/)
    expect((await terminal.screen()).match(/^in /gm)).toHaveLength(1)
    await terminal.resize(120)
    await terminal.shows(wide)
    expect((await terminal.screen()).match(/^in /gm)).toHaveLength(1)
    await terminal.press('C-c')
    await terminal.shows(/INFO: stopping \(SIGINT\)\n(.*\n)*ended with 0/)
    expect(await terminal.screen()).not.toMatch(/^in /m)
    viewer.destroy()
  })

  test('stays below the lines of the log', async () => {
    await writeFile(
      join(folder, 'talker.mjs'),
      `export default { kind: 'transport', apiVersion: 1, name: 'talker',
        create (_, { logger }) {
          let timer
          return { accepts: ['mjpeg'], stop: async () => clearInterval(timer),
            start: async () => { let n = 0; timer = setInterval(() => logger.info('line ' + n++), 20); return [] } } },
        configSchema: { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } } }`
    )
    await terminal.run(streamer('--transport ./talker.mjs'))
    await terminal.shows(/line 150\n/)
    const lines = (await terminal.screen()).split('\n')
    expect(lines.pop()).toMatch(/^in idle/)
    for (const line of lines.slice(10)) expect(line).toMatch(/^\[\d\d:\d\d:\d\d\] INFO: talker: line \d+$/)
  })

  test('has colours, unless NO_COLOR asks for none', async () => {
    await terminal.run(streamer('--transport udp --udp-port 0'))
    await terminal.shows(/udp 0 clients/)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
    expect(await terminal.screen(['-e'])).toMatch(/\x1b\[/)
    await terminal.close()
    await terminal.run(`NO_COLOR=1 ${streamer('--transport udp --udp-port 0')}`)
    await terminal.shows(/udp 0 clients/)
    expect(await terminal.screen(['-e'])).not.toContain('\x1b[')
  })
})

describe('a terminal that is held with Ctrl-S', () => {
  async function answers(url: string): Promise<boolean> {
    return (await fetch(new URL('/state', url), { signal: AbortSignal.timeout(10_000) })).ok
  }

  /** Presses Ctrl-S and waits until a status line would have come and did not. */
  async function hold(): Promise<void> {
    await terminal.press('C-s')
    await pause(2500)
  }

  test('does not hold the server, and goes on with Ctrl-Q', async () => {
    await terminal.run(streamer('--host 127.0.0.1 --transport http --http-port 0'))
    const [url] = await terminal.shows(/http:\/\/127\.0\.0\.1:\d+\//)
    await terminal.shows(/http 0 clients/)
    await hold()
    expect(await answers(url)).toBe(true)
    const viewer = get(new URL('/stream.mjpg', url), { agent: false }).on('error', () => {})
    const [response] = (await once(viewer, 'response')) as [IncomingMessage]
    await once(response, 'data')
    expect(await terminal.screen()).toContain('http 0 clients')
    await terminal.press('C-q')
    await terminal.shows(/^in \d+\.\d fps, .* \| http 1 client /m)
    viewer.destroy()
  })

  test('does not keep it from ending', async () => {
    const line = `${streamer('--host 127.0.0.1 --transport http --http-port 0')} & echo $! > pid; wait $!; echo $? > code`
    await terminal.run(line)
    await terminal.shows(/http 0 clients/)
    await hold()
    process.kill(Number(await readFile(join(folder, 'pid'), 'utf8')), 'SIGTERM')
    await expect.poll(() => readFile(join(folder, 'code'), 'utf8').catch(() => ''), { timeout: 30_000 }).toBe('0\n')
  })
})

test('Ctrl-C under npm stops cleanly', async () => {
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ scripts: { start: `"${process.execPath}" "${bin}" --transport udp --udp-port 0` } })
  )
  await terminal.run('npm start')
  await terminal.shows(/udp 0 clients/)
  await terminal.press('C-c')
  // npm has an exit code of its own for a signal.
  await terminal.shows(/INFO: stopping \(SIGINT\)\n(.*\n)*ended with/)
})
