import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { StreamerError } from '@streamer/core/plugin'
import type { Launch } from './launch.js'

/** How a process ended: one of the two is a value. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface ProcessOptions {
  /** From SIGINT to SIGTERM, milliseconds; 0 leaves SIGINT out. */
  readonly interruptTimeoutMs: number
  /** From SIGTERM to SIGKILL, milliseconds; 0 leaves SIGTERM out. */
  readonly terminateTimeoutMs: number
  /** Takes the next bytes of standard output; they belong to the taker. */
  readonly onOutput: (chunk: Buffer) => void
  /** Takes the next bytes of standard error. */
  readonly onError: (chunk: Buffer) => void
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

  /**
   * Resolves when the process is there.
   * @throws StreamerError `ERR_SOURCE_NOT_FOUND` or `ERR_SOURCE_FAILED` when the system refuses to start it.
   */
  start(): Promise<void> {
    const { file, args, cwd, env, guarded, label } = this.#launch
    const stdio = guarded ? (['ignore', 'pipe', 'pipe', 'pipe'] as const) : (['ignore', 'pipe', 'pipe'] as const)
    return new Promise((resolve, reject) => {
      const refuse = (error: Error): void => {
        const isMissing = (error as { code?: string }).code === 'ENOENT'
        const code = isMissing ? 'ERR_SOURCE_NOT_FOUND' : 'ERR_SOURCE_FAILED'
        const reason = isMissing ? 'no such program' : error.message
        // Node puts the arguments into its error, where passwords may be among them.
        delete (error as { spawnargs?: unknown }).spawnargs
        this.#finish()
        reject(new StreamerError(code, `source-command: cannot run ${label}: ${reason}`, { cause: error }))
      }
      let child: ChildProcess
      try {
        child = spawn(file, [...args], { cwd, env, detached: true, stdio: [...stdio] })
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
      if (child.stdout) this.#read(child.stdout, this.#options.onOutput)
      if (child.stderr) this.#read(child.stderr, this.#options.onError)
      // Against its type there is no `stdio` when file descriptors have run out.
      child.stdio?.[3]?.on('error', () => {})
    })
  }

  /**
   * Ends the whole group: SIGINT, SIGTERM, SIGKILL. Resolves when it is gone; to `false` when the kernel does not let go of the
   * process, which is then left to it. May be called at any time, any number of times.
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
    const { interruptTimeoutMs, terminateTimeoutMs } = this.#options
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

  #read(pipe: Readable, take: (chunk: Buffer) => void): void {
    this.#openPipes++
    pipe.on('data', (chunk: Buffer) => {
      this.#heard = true
      if (!this.#isOver) take(chunk)
    })
    pipe.on('error', () => {})
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
