import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'

/** How a program that was run to its end came to it. */
export interface ProgramResult {
  readonly stdout: string
  readonly stderr: string
  /** Null when it did not end by itself. */
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  /** Why we ended it. */
  readonly cut: 'time' | 'output' | undefined
  /** Why it could not be started. */
  readonly startError: NodeJS.ErrnoException | undefined
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv
  /** Kills it; `runProgram` then rejects with its reason. */
  readonly signal?: AbortSignal
  readonly timeLimitMs: number
  /** Of standard output; more ends the program. Of standard error the last 64 KiB are kept. */
  readonly maxOutputBytes?: number
}

const stderrBytes = 64 * 1024

/**
 * Runs a program to its end, with nothing on its standard input. It has a process group of its own, which is killed with all that is in it:
 * a compiler is several programs.
 * @returns also when it fails or cannot be started.
 * @throws the reason of `signal`.
 */
export async function runProgram(command: readonly string[], options: RunOptions): Promise<ProgramResult> {
  const { env = process.env, signal, timeLimitMs, maxOutputBytes = 1024 * 1024 } = options
  signal?.throwIfAborted()
  const [program = '', ...args] = command
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  let cut: ProgramResult['cut']
  let startError: NodeJS.ErrnoException | undefined
  child.on('error', (error) => {
    startError ??= error
  })
  const kill = () => killGroup(child)
  const end = (why: NonNullable<ProgramResult['cut']>) => {
    cut ??= why
    kill()
    // Something that left the group may hold the pipes for ever.
    child.stdout.destroy()
    child.stderr.destroy()
  }
  const stdout = collect(child.stdout, maxOutputBytes, () => end('output'))
  const stderr = collect(child.stderr, stderrBytes, undefined)
  const timer = setTimeout(end, timeLimitMs, 'time')
  child.once('exit', kill)
  process.once('exit', kill)
  signal?.addEventListener('abort', kill)
  try {
    const [exitCode, by] = (await once(child, 'close').catch(() => [null, null])) as [
      number | null,
      NodeJS.Signals | null
    ]
    signal?.throwIfAborted()
    const isCut = cut !== undefined || startError !== undefined
    return { stdout: stdout(), stderr: stderr(), exitCode: isCut ? null : exitCode, signal: by, cut, startError }
  } finally {
    clearTimeout(timer)
    process.off('exit', kill)
    signal?.removeEventListener('abort', kill)
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nobody is left in it.
  }
}

/** Keeps the first bytes when `onTooMuch` is given, else the last ones. */
function collect(stream: Readable, limit: number, onTooMuch: (() => void) | undefined): () => string {
  let chunks: Buffer[] = []
  let length = 0
  stream.on('error', () => {})
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    length += chunk.length
    if (length <= limit) return
    if (onTooMuch) onTooMuch()
    else if (length > 2 * limit) {
      chunks = [Buffer.concat(chunks).subarray(-limit)]
      length = limit
    }
  })
  return () => {
    const all = Buffer.concat(chunks)
    return (onTooMuch ? all.subarray(0, limit) : all.subarray(-limit)).toString('utf8')
  }
}

/** The last line that says something. */
export function lastLine(text: string): string | undefined {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .at(-1)
}
