import { AsyncResource, createHook, executionAsyncId } from 'node:async_hooks'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { beyondNode, Descriptors } from './descriptors.js'
import { Place } from './place.js'

/** What is counted, by Node's names, and what people call it. What closes by itself with another of these is left out. */
const kinds: Readonly<Record<string, string>> = {
  Timeout: 'a timer',
  TCPSERVERWRAP: 'a TCP server',
  TCPWRAP: 'a TCP connection',
  UDPWRAP: 'a UDP socket',
  PIPESERVERWRAP: 'a server on a pipe',
  PIPEWRAP: 'a pipe',
  TTYWRAP: 'a terminal',
  PROCESSWRAP: 'a process',
  WORKER: 'a worker thread',
  MESSAGEPORT: 'a message port',
  FSEVENTWRAP: 'a watcher of files',
  STATWATCHER: 'a watcher of a file',
  SIGNALWRAP: 'a listener for a signal',
  FILEHANDLE: 'a file'
}

/**
 * Turns of the event loop for what was closed a moment ago, without a wait: a timer is gone within the call that clears it, and one that would soon have
 * fired must not pass as cleared.
 */
const firstTurns = 20
/** Turns for all but timers; each gives the system, its processes and threads a millisecond. */
const maxTurns = 200

/** Whether a line of `stillOpen` is of what only the system knows, so that nobody can tell who opened it. */
export function isBeyondNode(line: string): boolean {
  return beyondNode.test(line)
}

/** One thing that somebody opened. */
interface Opened {
  readonly type: string
  readonly place: Place
  readonly resource: WeakRef<{ fd?: number; pid?: number; _destroyed?: boolean }>
  /** Opened by what `run` called, or by what followed from it. */
  noted: boolean
}

/**
 * Notes what a plugin opens (timers, sockets, servers, processes, workers, watchers, files) from `run` on, however deep in its
 * callbacks, and whether it was closed again. On Linux also what Node knows nothing of: descriptors and child processes.
 *
 * What runs outside of `run` is not noted, also while a plugin is open, so that a test can have clients and timers of its own. A call into
 * the plugin (a frame that is handed to it) has to be made within `run` as well, so that what it opens then is noted.
 */
export class OpenResources {
  readonly #scope = new AsyncResource('OpenResources')
  /** Ids of all that follows from `run`: promises, callbacks and what was opened. Node gives no id twice. */
  readonly #following = new Set<number>()
  readonly #opened = new Map<number, Opened>()
  /** Where requests were made, the results of which Node makes without a stack. */
  readonly #requests = new Map<number, Place>()
  readonly #descriptors = new Descriptors()
  #unclaimed: Opened | undefined
  readonly #hook = createHook({
    init: (id, type, triggerId, resource) => this.#onInit(id, type, triggerId, resource),
    before: (id) => this.#claim(id),
    destroy: (id) => this.#onDestroy(id)
  })

  constructor() {
    this.#following.add(this.#scope.asyncId())
    this.#hook.enable()
  }

  /** Calls `body`; what it and everything that follows from it opens is noted. */
  run<T>(body: () => T): T {
    return this.#scope.runInAsyncScope(body)
  }

  /**
   * What is still open, after the event loop had some turns to close it; each as `a timer, opened at src/transport.ts:43`.
   * Empty when all is closed.
   */
  async stillOpen(): Promise<readonly string[]> {
    const isTimer = (type: string): boolean => type === 'Timeout'
    // What a callback that is on its way already still opens counts, too.
    for (let turn = 0; turn < firstTurns; turn++) await setImmediate()
    const timers = this.#list(isTimer)
    const others = (): string[] => this.#list((type) => !isTimer(type)).concat(this.#beyondNode())
    let open = others()
    for (let turn = 0; turn < maxTurns && open.length > 0; turn++) {
      // Without a pause, what threads and the system have to do would get no time on a busy machine.
      await setTimeout(1)
      open = others()
    }
    return [...new Set([...timers, ...this.#list(isTimer), ...open])]
  }

  /**
   * Takes descriptors and processes that Node knows nothing of for having been there always: libraries open some once, at their first use, and keep them.
   * To be called after one start and stop, before those that are judged. What is noted stays noted.
   */
  forgetDescriptors(): void {
    this.#descriptors.forget()
  }

  /** Ends the noting. */
  close(): void {
    this.#hook.disable()
    this.#following.clear()
    this.#opened.clear()
    this.#requests.clear()
  }

  #onInit(id: number, type: string, triggerId: number, resource: object): void {
    const executing = executionAsyncId()
    const isCounted = type in kinds
    // A server's connections are made by Node outside of any callback.
    const isAccepted = isCounted && executing === 0 && this.#following.has(triggerId)
    const noted = isAccepted || this.#following.has(executing)
    if (noted) this.#following.add(id)
    if (noted && type === 'FSREQPROMISE') this.#requests.set(id, Place.here())
    if (!isCounted) return
    // Others are kept as well: what belongs to them is no descriptor that Node knows nothing of.
    const opened = { type, noted, place: Place.here(), resource: new WeakRef(resource) }
    this.#opened.set(id, opened)
    // Made by Node when the system has opened the file, outside of any callback; the one that runs right after tells whose it is.
    if (executing === 0 && type === 'FILEHANDLE') this.#unclaimed = opened
  }

  #claim(id: number): void {
    if (!this.#unclaimed) return
    const request = this.#requests.get(id)
    if (request) Object.assign(this.#unclaimed, { noted: true, place: request })
    this.#unclaimed = undefined
  }

  #onDestroy(id: number): void {
    this.#following.delete(id)
    this.#opened.delete(id)
    this.#requests.delete(id)
  }

  #list(wanted: (type: string) => boolean): string[] {
    const lines: string[] = []
    for (const { type, noted, place, resource } of this.#opened.values()) {
      if (!noted || !wanted(type) || place.isBeyondPlugins(type)) continue
      const opened = resource.deref()
      // Of these Node tells only when their memory is freed.
      if (type === 'Timeout' && (opened?._destroyed ?? true)) continue
      if (type === 'FILEHANDLE' && (opened?.fd ?? -1) < 0) continue
      lines.push(`${kinds[type]}, ${place.text}`)
    }
    return lines
  }

  #beyondNode(): string[] {
    const known = Array.from(this.#opened.values(), ({ resource }) => resource.deref())
    return this.#descriptors.more(
      new Set(known.map((opened) => opened?.fd)),
      new Set(known.map((opened) => opened?.pid))
    )
  }
}
