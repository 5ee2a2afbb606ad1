import { AsyncLocalStorage, createHook, executionAsyncId } from 'node:async_hooks'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What Node calls the things that stay open until somebody closes them, as people should read it. */
const kinds: Readonly<Record<string, string>> = {
  Timeout: 'a timer',
  TCPSERVERWRAP: 'a TCP server',
  TCPWRAP: 'a TCP connection',
  UDPWRAP: 'a UDP socket',
  PIPESERVERWRAP: 'a server on a pipe',
  PIPEWRAP: 'a pipe',
  PROCESSWRAP: 'a process',
  WORKER: 'a worker thread',
  FSEVENTWRAP: 'a watcher of files',
  STATWATCHER: 'a watcher of a file'
}

/** Turns of the event loop in which what was closed may come to its end; closing needs a few, and nothing from outside. */
const turns = 60

/** This package's own folder: what it opens itself is not the plugin's. */
const ownFolder = fileURLToPath(new URL('../..', import.meta.url))

interface Opened {
  readonly kind: string
  /** Where it was opened. */
  readonly stack: string
}

/**
 * Notes what a plugin opens (timers, sockets, servers, processes, workers, watchers, files) from `run` on, however deep in its
 * callbacks, and whether it was closed again. On Linux also files and processes that were opened past Node's own bookkeeping.
 */
export class OpenResources {
  readonly #scope = new AsyncLocalStorage<'plugin' | 'other'>()
  readonly #opened = new Map<number, Opened>()
  /** Servers of the plugin's, the connections that came to them, and what followed from those: for Node these begin anew, without the store. */
  readonly #derived = new Set<number>()
  readonly #before = outside()
  readonly #hook = createHook({
    init: (id, type, triggerId) => {
      if (!this.#isPlugins(id, type, triggerId)) return
      const kind = kinds[type]
      if (kind === undefined) return
      const stack = stackHere()
      // The date that Node's HTTP server keeps for a second: nobody can close it.
      if (type === 'Timeout' && stack.includes('node:internal/http')) return
      this.#opened.set(id, { kind, stack })
    },
    destroy: (id) => {
      this.#opened.delete(id)
      this.#derived.delete(id)
    }
  }).enable()

  /** Calls `body`; what it and everything that follows from it opens is noted. */
  run<T>(body: () => T): T {
    return this.#scope.run('plugin', body)
  }

  /** Calls `body`, whose doings are not the plugin's, also when the plugin's doings led to it. */
  leave<T>(body: () => T): T {
    return this.#scope.run('other', body)
  }

  /**
   * What is still open, after the event loop had some turns to close it; each as `a timer, opened at src/transport.ts:43`.
   * Empty when all is closed.
   */
  async stillOpen(): Promise<readonly string[]> {
    return this.leave(async () => {
      for (let turn = 0; turn < turns && this.#list().length > 0; turn++) {
        // A millisecond, so that threads which are ending get time of the processor, too.
        await new Promise((resolve) => setTimeout(resolve, 1))
        await new Promise((resolve) => setImmediate(resolve))
      }
      return this.#list()
    })
  }

  /** Ends the noting. */
  close(): void {
    this.#hook.disable()
    this.#opened.clear()
  }

  #isPlugins(id: number, type: string, triggerId: number): boolean {
    const scope = this.#scope.getStore()
    if (scope === 'plugin') {
      if (type.endsWith('SERVERWRAP')) this.#derived.add(id)
      return true
    }
    if (scope === 'other') return false
    const isAccepted = type.endsWith('WRAP') && this.#derived.has(triggerId)
    if (!isAccepted && !this.#derived.has(executionAsyncId())) return false
    this.#derived.add(id)
    return true
  }

  #list(): readonly string[] {
    const noted = Array.from(this.#opened.values(), ({ kind, stack }) => `${kind}${placeIn(stack)}`)
    if (noted.length > 0) return noted
    const now = outside()
    const files = [...now.files].filter(([fd, target]) => this.#before.files.get(fd) !== target)
    const processes = [...now.processes].filter(([pid]) => !this.#before.processes.has(pid))
    return [
      ...files.map(([fd, target]) => `file descriptor ${fd} (${target})`),
      ...processes.map(([pid, name]) => `the process ${pid} (${name})`)
    ]
  }
}

function stackHere(): string {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 50
  const { stack = '' } = new Error()
  Error.stackTraceLimit = stackTraceLimit
  return stack
}

/** Where the first code of the plugin's stands in a stack. */
function placeIn(stack: string): string {
  for (const line of stack.split('\n').slice(1)) {
    const [, place = ''] = /\(?((?:file:\/\/)?\/[^()]+:\d+):\d+\)?$/.exec(line) ?? []
    if (place === '' || line.includes('node:')) continue
    const path = place.startsWith('file:')
      ? fileURLToPath(place.replace(/:\d+$/, '')) + /:\d+$/.exec(place)?.[0]
      : place
    if (path.startsWith(`${ownFolder}src/`) || path.startsWith(`${ownFolder}dist/`)) continue
    return `, opened at ${relative(process.cwd(), path)}`
  }
  return ''
}

interface Outside {
  /** What each file descriptor leads to. Sockets and the like are Node's, which notes them itself. */
  readonly files: ReadonlyMap<number, string>
  readonly processes: ReadonlyMap<number, string>
}

/** What Linux says that this process has open: regular files, and children. Nothing elsewhere. */
function outside(): Outside {
  const files = new Map<number, string>()
  const processes = new Map<number, string>()
  if (process.platform !== 'linux') return { files, processes }
  for (const name of listed('/proc/self/fd')) {
    const target = tried(() => readlinkSync(`/proc/self/fd/${name}`))
    if (target?.startsWith('/') && !target.startsWith('/dev/') && !target.startsWith('/proc/')) {
      files.set(Number(name), target)
    }
  }
  for (const task of listed('/proc/self/task')) {
    const children = tried(() => readFileSync(`/proc/self/task/${task}/children`, 'utf8')) ?? ''
    for (const pid of children.split(' ').filter(Boolean)) {
      processes.set(Number(pid), tried(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trim()) ?? '?')
    }
  }
  return { files, processes }
}

function listed(folder: string): string[] {
  return tried(() => readdirSync(folder)) ?? []
}

function tried<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
