import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, dirname } from 'node:path'
import { root } from '../support/documents.js'

/** Names of variables that would tell a program it runs inside of this repository, of npm or of a test. */
const foreign =
  /^(STREAMER_|VITEST|NODE_|npm_(lifecycle|package|command|execpath|node_execpath|config_local_prefix)|INIT_CWD$|CI$|NO_COLOR$|FORCE_COLOR$)/

/**
 * The environment of a user's shell, where `node` and with it npm are the given binary.
 * No camera helper is built and no compiler is there: what is tested is the same on every machine, and nothing is left in the cache folder.
 * @param node absolute path of the binary.
 */
export function userEnvironment(node = process.execPath): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !foreign.test(name))
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.startsWith(root))
  return {
    ...Object.fromEntries(inherited),
    PATH: [dirname(node), ...path].join(delimiter),
    STREAMER_SKIP_HELPER_BUILD: '1',
    CXX: '/no/compiler'
  }
}

/** What a program may take for a step; no measure of speed. */
const limitMs = 60_000

/** A program under way, with everything that it printed. */
export class RunningProgram {
  readonly child: ChildProcess
  /** Standard output and standard error, as they came. */
  output = ''
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>

  /** @param options `cwd` and `env`; it leads a process group, so that `dispose` ends what it started too. */
  constructor(command: string, args: readonly string[], options: SpawnOptions) {
    this.child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text
      })
    this.ended = once(this.child, 'close').then(([code, signal]) => ({ code, signal }))
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  /** Resolves with the match once it was printed; rejects with all that was printed when the program ends before, or after a minute. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.output)
      if (match) return match
      if (!this.isRunning) throw new Error(`ended without ${pattern}:\n${this.output}`)
      await this.#within(
        `${pattern}`,
        new Promise<void>((resolve) => {
          this.child.stdout?.once('data', () => resolve())
          this.child.stderr?.once('data', () => resolve())
          this.child.once('close', () => resolve())
        })
      )
    }
  }

  /**
   * Sends SIGTERM to the program at the end of the chain that this one started (npx starts a shell, and that the server), because npm's shell does
   * not pass it on. Resolves with how the whole chain ended; rejects likewise after a minute.
   */
  async terminate(): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    const { pid } = this.child
    if (pid === undefined) throw new Error('it did not start')
    process.kill(lastDescendantOf(pid), 'SIGTERM')
    return await this.#within('its end', this.ended)
  }

  /** A test that waits in vain should tell what was printed, which its own time-out does not. */
  async #within<Result>(what: string, work: Promise<Result>): Promise<Result> {
    let timer: NodeJS.Timeout | undefined
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`waited in vain for ${what}:\n${this.output}`)), limitMs)
    })
    try {
      return await Promise.race([work, limit])
    } finally {
      clearTimeout(timer)
    }
  }

  /** Ends it with all that it started, at once. */
  async dispose(): Promise<void> {
    try {
      if (this.child.pid !== undefined) process.kill(-this.child.pid, 'SIGKILL')
    } catch {
      // All have ended.
    }
    await this.ended
  }
}

function lastDescendantOf(pid: number): number {
  const processes = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
  const children = new Map(
    processes.split('\n').map((line) => line.trim().split(/\s+/).map(Number).reverse() as [number, number])
  )
  let last = pid
  for (let child = children.get(last); child !== undefined; child = children.get(last)) last = child
  return last
}

/**
 * Runs a program to its end.
 * @param endsWithinMs after which it is killed.
 * @returns what it printed. @throws with that when it fails.
 */
export async function run(
  command: string,
  args: readonly string[],
  options: SpawnOptions,
  endsWithinMs = 240_000
): Promise<string> {
  const program = new RunningProgram(command, args, options)
  const timer = setTimeout(() => void program.dispose(), endsWithinMs)
  try {
    const { code, signal } = await program.ended
    if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code ?? signal}:\n${program.output}`)
    return program.output
  } finally {
    clearTimeout(timer)
  }
}
