import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the testkit's own sources, or of what they were compiled to. */
const ownFolder = new URL('..', import.meta.url).href

/** Enough to get from Node's own functions to the one that called them. */
const depth = 30

/** What Node opens for itself in a way that no plugin governs, by its type and the file of Node's that does it. */
const ungoverned: Readonly<Record<string, RegExp>> = {
  // The clock of HTTP's `Date` header and that of `fetch` (each ends within a second), and `AbortSignal.timeout` (goes with its signal).
  Timeout: /\(node:internal\/(?:http|abort_controller|deps\/undici\/undici):\d/,
  // The ports of a worker end with it, and those of `structuredClone` are made once for all.
  MESSAGEPORT: /\(node:internal\/(?:worker|structured_clone):\d/
}

/** Where something was opened. The text of a stack is made when it is asked for, which most never is. */
export class Place {
  readonly #error: Error

  private constructor(error: Error) {
    this.#error = error
  }

  /** The place of the caller's caller, within Node or a plugin. */
  static here(): Place {
    const before = Error.stackTraceLimit
    Error.stackTraceLimit = depth
    const error = new Error('opened here')
    Error.stackTraceLimit = before
    return new Place(error)
  }

  /** `opened at src/transport.ts:43`. */
  get text(): string {
    const { outside, inNode } = this.#frames()
    if (outside) return `opened at ${shown(outside)}`
    // Node's own timers and connections, made when something comes in.
    return inNode ? `opened by Node's own ${shown(inNode)}` : 'opened by Node itself'
  }

  /** Whether the contract itself opened it while the plugin called it, or Node in a way that no plugin governs. */
  isBeyondPlugins(type: string): boolean {
    return this.#frames().isOwn || (ungoverned[type]?.test(this.#nodeFrames()) ?? false)
  }

  #lines(): string[] {
    const lines = (this.#error.stack ?? '').split('\n').slice(1)
    // The hook's own frames come first.
    const hook = lines.findLastIndex((line) => /emitInit(?:Native|Script)|AsyncHook\.init/.test(line))
    return lines.slice(hook + 1)
  }

  #nodeFrames(): string {
    const lines = this.#lines()
    const end = lines.findIndex((line) => !isNode(line))
    return lines.slice(0, end < 0 ? lines.length : end).join('\n')
  }

  /** The innermost frames of each sort. */
  #frames(): { outside: string | undefined; inNode: string | undefined; isOwn: boolean } {
    const lines = this.#lines()
    const outer = lines.filter((line) => !isNode(line))
    const isOwn = outer[0] !== undefined && isOurs(outer[0])
    // What the testkit opened because a plugin called it is the testkit's.
    const outside = isOwn ? undefined : (outer.find((line) => !line.includes('node_modules')) ?? outer[0])
    return { outside, inNode: lines.find((line) => isNode(line) && !/timers/.test(line)), isOwn }
  }
}

function isNode(line: string): boolean {
  return /[( ]node:/.test(line)
}

function isOurs(line: string): boolean {
  return line.includes(ownFolder) || line.includes(fileURLToPath(ownFolder))
}

/** `src/transport.ts:43` of a line of a stack, or `setupConnectionsTracking (node:_http_server)`. */
function shown(line: string): string {
  if (isNode(line)) return /at (?:\S+\.)?(\S+).*\((node:[^:]+)/.exec(line)?.slice(1, 3).join(' of ') ?? line.trim()
  const place = /\(?((?:file:\/\/|\/|[A-Za-z]:[\\/]).*?):(\d+):\d+\)?$/.exec(line.trim())
  if (!place) return line.trim()
  const path = place[1]!.startsWith('file://') ? fileURLToPath(place[1]!) : place[1]!
  const short = relative(process.cwd(), path)
  return `${short.startsWith('..') ? path : short}:${place[2]}`
}
