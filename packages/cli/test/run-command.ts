import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The real command, as npm links it. It runs what `tsc -b` made. */
export const bin = fileURLToPath(new URL('../bin/streamer.js', import.meta.url))

export const freePorts = ['--http-port', '0', '--tcp-port', '0', '--udp-port', '0']

/** Nothing of the machine that runs the tests gets in. */
function cleanEnvironment(extra: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(STREAMER_|NO_COLOR$|FORCE_COLOR$|CI$|VITEST|NODE_OPTIONS$)/.test(name)
  )
  return { ...Object.fromEntries(inherited), ...extra }
}

/** One run of the command in a folder. */
export class RunningCommand {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>

  constructor(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.child = spawn(process.execPath, [bin, ...args], { cwd, env: cleanEnvironment(env), stdio: 'pipe' })
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.ended = once(this.child, 'close').then(([code, signal]) => ({ code, signal }))
  }

  /** Resolves with the match when stdout or stderr has it; rejects when the command ends before. */
  async output(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr)
      if (match) return match
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`ended without ${pattern}:\n${this.stdout}\n${this.stderr}`)
      const { stdout, stderr } = this.child
      await new Promise<void>((resolve) => {
        for (const stream of [stdout, stderr]) stream?.once('data', () => resolve())
        this.child.once('close', () => resolve())
      })
    }
  }
}

/** A temporary folder and everything that was run in it; `dispose` leaves nothing behind. */
export class Workplace {
  readonly #running: RunningCommand[] = []

  private constructor(readonly folder: string) {}

  static async create(): Promise<Workplace> {
    return new Workplace(await mkdtemp(join(tmpdir(), 'streamer-cli-')))
  }

  start(args: readonly string[], env?: NodeJS.ProcessEnv): RunningCommand {
    const running = new RunningCommand(this.folder, args, env)
    this.#running.push(running)
    return running
  }

  async run(args: readonly string[], env?: NodeJS.ProcessEnv) {
    const running = this.start(args, env)
    const { code } = await running.ended
    return { code, stdout: running.stdout, stderr: running.stderr }
  }

  async dispose(): Promise<void> {
    for (const { child } of this.#running)
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await Promise.all(this.#running.map(({ ended }) => ended))
    await rm(this.folder, { recursive: true, force: true })
  }
}
