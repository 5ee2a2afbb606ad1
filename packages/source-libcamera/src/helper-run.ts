import { closeSync } from 'node:fs'
import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net'
import { type Logger, type SourceRun, StreamerError, TroubleLog } from '@streamer/core/plugin'
import { CommandProcess, type Exit, type Launch, LineLog, openPipe } from '@streamer/subprocess'
import { FrameMemory } from './frame-memory.js'
import { EventReader, type HelperEvent, helperError, isSensorTimeout, type Values } from './helper-events.js'
import { type RecordHeader, RecordReader } from './records.js'

/** From the start of the helper to its first event; a camera on a Raspberry Pi takes half a second. */
const readyTimeoutMs = 10_000
/** From a change to its answer, which comes with the next frame; configuring anew takes about a second. */
const answerTimeoutMs = 5_000
/** With what comes after, less than the 1500 ms that the core waits. */
const askTimeoutMs = 600
const terminateTimeoutMs = 300

/** What is counted over all runs. */
export interface HelperTotals {
  starts: number
  frames: number
  bytes: number
  /** By the helper, because we did not read in time. */
  dropped: number
  /** Lines of the helper that are no events. */
  garbage: number
}

export interface HelperRunOptions {
  readonly launch: Launch
  readonly run: SourceRun
  readonly logger: Logger
  readonly totals: HelperTotals
  /** Each event but `applied`, and `refused` for what was sent by `send`. */
  readonly onEvent: (event: HelperEvent) => void
}

interface Answer {
  resolve(values: Values): void
  reject(error: Error): void
}

/** One helper process, from its start to its end. */
export class HelperRun {
  readonly #options: HelperRunOptions
  readonly #memory = new FrameMemory()
  readonly #reader: RecordReader
  readonly #events: EventReader
  readonly #lines: LineLog
  readonly #trouble: TroubleLog
  readonly #answers = new Map<string, Answer>()
  readonly #process: CommandProcess
  #frames: Socket | undefined
  #readFd: number | undefined
  #writeFd: number | undefined
  #nextId = 1
  #dropped = 0
  #isOver = false
  #resolveReady: () => void = () => {}
  #rejectReady: (error: Error) => void = () => {}
  #isReady = false

  constructor(options: HelperRunOptions) {
    this.#options = options
    const { logger, launch } = options
    this.#lines = new LineLog(logger, (line) => this.#readLine(line))
    this.#trouble = new TroubleLog(logger)
    this.#reader = new RecordReader({
      allocate: (header) => this.#allocate(header),
      onFrame: (header, data) => this.#push(header, data)
    })
    this.#events = new EventReader(
      (event) => this.#hear(event),
      () => {
        options.totals.garbage++
        this.#trouble.warn('source-libcamera: the camera helper said something that is no event')
      }
    )
    const pipe = openPipe()
    this.#readFd = pipe?.readFd
    this.#writeFd = pipe?.writeFd
    this.#process = new CommandProcess(launch, {
      hasInput: true,
      output: pipe?.writeFd ?? ((chunk) => this.#read(() => this.#reader.push(chunk))),
      extra: [(chunk) => this.#events.push(chunk)],
      onError: (chunk) => this.#lines.push(chunk),
      askToEnd: { ask: () => this.#process.input?.end(), timeoutMs: askTimeoutMs },
      interruptTimeoutMs: 0,
      terminateTimeoutMs,
      onEnd: (exit) => this.#end(exit)
    })
  }

  /**
   * Resolves when the camera captures.
   * @throws StreamerError with what the helper says, `ERR_CAMERA_TIMEOUT` when it says nothing.
   */
  async start(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const ready = new Promise<void>((resolve, reject) => {
      this.#resolveReady = resolve
      this.#rejectReady = reject
    })
    ready.catch(() => {})
    try {
      this.#options.totals.starts++
      await this.#process.start()
      if (this.#readFd !== undefined) this.#readFrames(this.#readFd)
      const text = `source-libcamera: the camera did not start within ${readyTimeoutMs / 1000} s`
      timer = setTimeout(() => this.#fail(new StreamerError('ERR_CAMERA_TIMEOUT', text)), readyTimeoutMs)
      await ready
    } finally {
      clearTimeout(timer)
      closeFd(this.#writeFd)
      this.#writeFd = undefined
    }
  }

  /** Resolves when the process is gone. */
  async stop(): Promise<void> {
    this.#leave()
    const isGone = await this.#process.stop()
    if (!isGone)
      this.#options.logger.warn('source-libcamera: the camera helper did not end on SIGKILL; it hangs in the kernel')
    this.#frames?.destroy()
    if (!this.#frames) closeFd(this.#readFd)
    this.#readFd = undefined
    closeFd(this.#writeFd)
    this.#writeFd = undefined
    this.#lines.close()
  }

  /**
   * Has the running camera changed.
   * @returns what is in force from the next frame on; nothing when the camera stops first, which then starts with it.
   * @throws StreamerError `ERR_CONTROL_INVALID` when the helper refuses, `ERR_CAMERA_TIMEOUT` when it does not answer.
   */
  send(values: Values): Promise<Values> {
    if (this.#isOver) return Promise.resolve({})
    const id = String(this.#nextId++)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#answers.delete(id)
        reject(new StreamerError('ERR_CAMERA_TIMEOUT', 'source-libcamera: the camera does not take the change'))
      }, answerTimeoutMs)
      const settled =
        <Value>(then: (value: Value) => void) =>
        (value: Value) => {
          clearTimeout(timer)
          this.#answers.delete(id)
          then(value)
        }
      this.#answers.set(id, { resolve: settled(resolve), reject: settled(reject) })
      this.#process.input?.write(`set id=${id} ${pairsOf(Object.entries(values)).join(' ')}\n`)
    })
  }

  #readFrames(fd: number): void {
    const onread: OnReadOpts = {
      // Straight into the memory of the frame.
      buffer: () => this.#reader.target,
      callback: (count) => {
        this.#read(() => this.#reader.advance(count))
        return true
      }
    }
    // The types know `onread` for connections only.
    const options: SocketConstructorOpts & { onread: OnReadOpts } = { fd, readable: true, writable: false, onread }
    const socket = new Socket(options)
    socket.on('error', () => {})
    this.#frames = socket
  }

  #read(take: () => void): void {
    if (this.#isOver) return
    try {
      take()
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  #allocate(header: RecordHeader): Buffer {
    const { payload, payloadBytes } = header
    // A JPEG belongs to all its clients, for as long as they like.
    return payload === 'jpeg' ? Buffer.allocUnsafeSlow(payloadBytes) : this.#memory.take(payloadBytes)
  }

  #push(header: RecordHeader, data: Buffer): void {
    const { totals, run } = this.#options
    const { payload, sequence, timestampUs, width, height, dropped } = header
    totals.frames++
    totals.bytes += data.length
    totals.dropped += dropped - this.#dropped
    this.#dropped = dropped
    if (payload === 'jpeg') {
      run.push({ kind: 'encoded', codec: 'mjpeg', keyframe: true, sequence, timestampUs, width, height, data })
    } else run.push(this.#memory.frameOf(header, data))
  }

  #hear(event: HelperEvent): void {
    if (this.#isOver) return
    if (event.event === 'applied') {
      this.#answers.get(event.id)?.resolve(event.values)
      return
    }
    const answer = event.event === 'refused' ? this.#answers.get(event.id ?? '') : undefined
    if (answer && event.event === 'refused') {
      answer.reject(new StreamerError('ERR_CONTROL_INVALID', `source-libcamera: ${event.message}`))
      return
    }
    this.#options.onEvent(event)
    if (event.event === 'error') this.#fail(helperError(event))
    if (event.event === 'ready') {
      this.#isReady = true
      this.#resolveReady()
    }
  }

  #readLine(line: string): void {
    if (!isSensorTimeout(line)) return
    const text = 'source-libcamera: the sensor gives no pictures; check the cable of the camera'
    this.#fail(new StreamerError('ERR_CAMERA_TIMEOUT', text, { cause: new Error(line) }))
  }

  #end(exit: Exit): void {
    if (this.#isOver) return
    this.#lines.close()
    this.#fail(endError(exit, this.#lines.last, this.#reader.isInside))
  }

  #fail(error: Error): void {
    if (this.#isOver) return
    // What goes wrong first is what the start is rejected with.
    this.#rejectReady(error)
    this.#leave()
    if (this.#isReady) this.#options.run.fail(error)
  }

  #leave(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#trouble.close()
    for (const answer of [...this.#answers.values()]) answer.resolve({})
    this.#rejectReady(new DOMException('The source was stopped while it was starting', 'AbortError'))
  }
}

/** `name=value`, as the helper reads it. */
export function pairsOf(values: Iterable<readonly [string, unknown]>): string[] {
  return [...values].map(([name, value]) => `${name}=${value}`)
}

function endError(exit: Exit, lines: readonly string[], isInside: boolean): StreamerError {
  const lastLine = lines.at(-1)
  const cause = lines.length > 1 ? { cause: new Error(lines.join('\n')) } : {}
  if (lines.some((line) => /error while loading shared libraries/.test(line))) {
    const text = `source-libcamera: the camera helper does not fit the installed libcamera: ${lastLine}`
    return new StreamerError('ERR_CAMERA_HELPER_MISSING', text, cause)
  }
  const how =
    exit.signal === 'SIGABRT'
      ? 'libcamera gave up (SIGABRT)'
      : exit.signal
        ? `the camera helper was ended by ${exit.signal}`
        : `the camera helper ended with exit code ${exit.code}`
  const where = isInside ? ', within a frame' : ''
  const text = `source-libcamera: ${how}${where}${lastLine ? `: ${lastLine}` : ''}`
  return new StreamerError('ERR_CAMERA_FAILED', text, cause)
}

function closeFd(fd: number | undefined): void {
  if (fd === undefined) return
  try {
    closeSync(fd)
  } catch {
    // It is closed already.
  }
}
