import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { StreamerError } from '@streamer/core/plugin'
import { guardScript, type Launch, shellPath } from './launch.js'

/** How a process ended: one of the two is a value. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** Takes the next bytes of a pipe; they belong to the taker. */
export type Taker = (chunk: Buffer) => void

/** Where a descriptor of the process goes: into a pipe, whose bytes are taken; or to an open file of ours, which may be closed once `start` is through. */
export type Outlet = Taker | number

export interface ProcessOptions {
  /** Whether standard input is a pipe, see `CommandProcess.input`. Default: there is nothing on it. */
  readonly hasInput?: boolean
  /** Standard output. */
  readonly output: Outlet
  /** Takes the next bytes of standard error. */
  readonly onError: Taker
  /** Descriptors 3, 4 and on; at most six. Pipes are sockets (as all of Node's), which cannot be opened through `/dev/fd`. Default: none. */
  readonly extra?: readonly Outlet[]
  /** The gentlest way to end it, which `stop` tries before any signal. Default: there is none. */
  readonly askToEnd?: {
    /** Asks: by a command, or by the end of its input. */
    readonly ask: () => void
    /** From there to SIGINT, milliseconds. */
    readonly timeoutMs: number
  }
  /** From SIGINT to SIGTERM, milliseconds; 0 leaves SIGINT out. */
  readonly interruptTimeoutMs: number
  /** From SIGTERM to SIGKILL, milliseconds; 0 leaves SIGTERM out. */
  readonly terminateTimeoutMs: number
  /** Called once, when the process is gone and all that it wrote has been taken. Not called when it was not started at all. */
  readonly onEnd: (exit: Exit) => void
}

/** How long we wait for output of processes that left the group. */
const silenceMs = 500

/** How long we wait for what SIGKILL cannot end (a driver that hangs). With the defaults before it that is less than the 1500 ms of the core. */
export const killTimeoutMs = 200

/** One process group: the command, what it started, and the guard. It is started once, and ended whole. */
export class CommandProcess {
  readonly #launch: Launch
  readonly #options: ProcessOptions
  #child: ChildProcess | undefined
  /** The group, as long as it may be signalled. */
  #group: number | undefined
  #exit: Exit | undefined
  #openPipes = 0
  #isStopping = false
  #isOver = false
  #heard = false
  #stopped: Promise<boolean> | undefined
  #timer: NodeJS.Timeout | undefined
  #resolveOver: () => void = () => {}
  readonly #over = new Promise<void>((resolve) => {
    this.#resolveOver = resolve
  })

  constructor(launch: Launch, options: ProcessOptions) {
    this.#launch = launch
    this.#options = options
  }

  /** Standard input, from `start` on, where there is one. It never gives an `error`: that the process is gone is told by `onEnd`. */
  get input(): Writable | undefined {
    return this.#child?.stdin ?? undefined
  }

  /**
   * Resolves when the process is there.
   * @throws StreamerError `ERR_SOURCE_NOT_FOUND` or `ERR_SOURCE_FAILED` when the system refuses to start it.
   */
  start(): Promise<void> {
    const { part, cwd, env, label } = this.#launch
    const { file, args, stdio } = this.#plan()
    return new Promise((resolve, reject) => {
      const refuse = (error: Error): void => {
        const isMissing = (error as { code?: string }).code === 'ENOENT'
        const code = isMissing ? 'ERR_SOURCE_NOT_FOUND' : 'ERR_SOURCE_FAILED'
        const reason = isMissing ? 'no such program' : error.message
        // Node puts the arguments into its error, where passwords may be among them.
        delete (error as { spawnargs?: unknown }).spawnargs
        this.#finish()
        reject(new StreamerError(code, `${part}: cannot run ${label}: ${reason}`, { cause: error }))
      }
      let child: ChildProcess
      try {
        child = spawn(file, args, { cwd, env, detached: true, stdio })
      } catch (error) {
        refuse(error as Error)
        return
      }
      this.#child = child
      this.#group = child.pid
      child.once('error', refuse)
      child.once('spawn', () => {
        child.off('error', refuse)
        child.on('error', () => {})
        resolve()
      })
      child.once('exit', (code, signal) => this.#onExit({ code, signal }))
      this.#readAll(child)
    })
  }

  /** With a guard, whose descriptor comes after the command's own. */
  #plan(): { file: string; args: string[]; stdio: Array<'ignore' | 'pipe' | number> } {
    const { file, args, guarded } = this.#launch
    const { hasInput = false, output, extra = [] } = this.#options
    const stdio = [hasInput ? ('pipe' as const) : ('ignore' as const), ...[output, () => {}, ...extra].map(pipeOrFile)]
    if (!guarded) return { file, args: [...args], stdio }
    const guardedArgs = ['-c', guardScript(stdio.length), 'streamer-guard', file, ...args]
    return { file: shellPath, args: guardedArgs, stdio: [...stdio, 'pipe'] }
  }

  #readAll(child: ChildProcess): void {
    const { output, onError, extra = [] } = this.#options
    const outlets: readonly Outlet[] = [output, onError, ...extra]
    // Against their types there are no pipes when file descriptors have run out.
    for (const [i, pipe] of (child.stdio ?? []).entries()) {
      pipe?.on('error', () => {})
      const taker = outlets[i - 1]
      if (pipe && typeof taker === 'function') this.#read(pipe as Readable, taker)
    }
  }

  /**
   * Ends the whole group: `askToEnd`, SIGINT, SIGTERM, SIGKILL. Resolves when it is gone; to `false` when the kernel does not let
   * go of the process, which is then left to it. May be called at any time, any number of times.
   */
  stop(): Promise<boolean> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<boolean> {
    if (!this.#child || this.#isOver) return true
    this.#isStopping = true
    clearTimeout(this.#timer)
    // The command has ended and its group with it; whoever still holds a pipe has left the group and hears no signal of ours.
    if (this.#exit) {
      this.#finish()
      return true
    }
    const { askToEnd, interruptTimeoutMs, terminateTimeoutMs } = this.#options
    if (askToEnd) {
      askToEnd.ask()
      await this.#wait(askToEnd.timeoutMs)
    }
    if (interruptTimeoutMs > 0) await this.#signalAndWait('SIGINT', interruptTimeoutMs)
    if (terminateTimeoutMs > 0) await this.#signalAndWait('SIGTERM', terminateTimeoutMs)
    if (!this.#isOver) await this.#signalAndWait('SIGKILL', killTimeoutMs)
    const isGone = this.#exit !== undefined
    this.#finish()
    return isGone
  }

  async #signalAndWait(signal: NodeJS.Signals, timeoutMs: number): Promise<void> {
    if (this.#isOver) return
    this.#signal(signal)
    await this.#wait(timeoutMs)
  }

  async #wait(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs)
    })
    await Promise.race([this.#over, timeout])
    clearTimeout(timer)
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#group === undefined) return
    // Without a guard nothing keeps the number of a group whose leader is gone from being given away again.
    if (this.#exit && !this.#launch.guarded) return
    try {
      process.kill(-this.#group, signal)
    } catch {
      // The group is gone already.
    }
  }

  #read(pipe: Readable, take: Taker): void {
    this.#openPipes++
    pipe.on('data', (chunk: Buffer) => {
      this.#heard = true
      if (!this.#isOver) take(chunk)
    })
    pipe.once('close', () => {
      this.#openPipes--
      this.#finishIfDone()
    })
  }

  #onExit(exit: Exit): void {
    // The group's last signal when nobody is stopping it: what the command left behind goes with it, and so does the guard.
    if (!this.#isStopping) this.#killGroup()
    this.#exit = exit
    this.#finishIfDone()
    if (!this.#isStopping && !this.#isOver) this.#waitForSilence()
  }

  /** A process that has left the group may hold the pipes open: once it is silent we do not wait for it. */
  #waitForSilence(): void {
    this.#heard = false
    this.#timer = setTimeout(() => {
      if (this.#heard) this.#waitForSilence()
      else this.#finish()
    }, silenceMs)
  }

  #finishIfDone(): void {
    if (this.#exit && this.#openPipes === 0) this.#finish()
  }

  #killGroup(): void {
    this.#signal('SIGKILL')
    this.#group = undefined
  }

  #finish(): void {
    if (this.#isOver) return
    this.#killGroup()
    this.#isOver = true
    clearTimeout(this.#timer)
    for (const pipe of this.#child?.stdio ?? []) pipe?.destroy()
    if (this.#exit === undefined) this.#child?.unref()
    else this.#options.onEnd(this.#exit)
    this.#resolveOver()
  }
}

function pipeOrFile(outlet: Outlet): 'pipe' | number {
  return typeof outlet === 'number' ? outlet : 'pipe'
}
