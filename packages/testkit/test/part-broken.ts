import { setTimeout as pause } from 'node:timers/promises'
import type { Run } from '@streamer/core/plugin'
import type { Part } from '../src/contract/part-rig.js'

/** A part that breaks one of the rules that sources and encoders have in common. */
export interface BrokenPart<P extends Part> {
  readonly rule: string
  readonly how: string
  readonly message: RegExp
  readonly hangs?: true
  readonly change: (part: P) => P
}

/** Leaves a timer that does not keep the process alive. */
export function leak(): void {
  setInterval(() => {}, 1e6).unref()
}

/** A part with other members, which may call those of the one that it was. */
export function changed<P extends object>(part: P, changes: Partial<P>): P {
  return new Proxy(part, {
    get(target, name) {
      const owner = name in changes ? changes : target
      const value: unknown = Reflect.get(owner, name)
      return typeof value === 'function' ? value.bind(owner) : value
    },
    has: (target, name) => name in changes || name in target
  })
}

type Push = (frame: never) => void
type PushRun = Run & { push: Push }

/** What happens in a run that is watched. */
interface Watched {
  readonly run: PushRun
  /** Frames that were pushed. A start that is interrupted late may have come to one or two. */
  count: number
  /** The last frame that was pushed. */
  last: never
}

interface Hooks {
  /** In place of the part's own start. */
  start?(watched: Watched, start: (run: Run) => Promise<void>): Promise<void>
  /** In place of the part's own stop. @param watched the last run, if there was one. */
  stop?(watched: Watched | undefined, stop: () => Promise<void>): Promise<void>
}

/** A part whose runs are watched, with other deeds at start and stop. */
function hooked<P extends Part>(part: P, hooks: Hooks): P {
  let watched: Watched | undefined
  return changed<Part>(part, {
    start(run) {
      const current: Watched = { run: run as PushRun, count: 0, last: undefined as never }
      watched = current
      const push: Push = (frame) => {
        current.count++
        current.last = frame
        current.run.push(frame)
      }
      const start = (given: Run) => part.start({ ...given, push } as Run)
      return hooks.start ? hooks.start(current, start) : start(run)
    },
    stop: () => (hooks.stop ? hooks.stop(watched, () => part.stop()) : part.stop())
  }) as P
}

export function brokenParts<P extends Part>(): ReadonlyArray<BrokenPart<P>> {
  return [
    {
      rule: 'stops without having been started, and starts after that',
      how: 'cannot start any more when it was stopped before',
      message: /did not start: it is closed/,
      change: (part) => {
        let isClosed = false
        return hooked(part, {
          start: ({ run }, start) => (isClosed ? Promise.reject(new Error('it is closed')) : start(run)),
          stop: async (watched, stop) => {
            isClosed = watched === undefined
            await stop()
          }
        })
      }
    },
    {
      rule: 'stops when it is told twice at once, and once more',
      how: 'rejects a stop while it stops',
      message: /stop\(\) of the \w+ rejected: it is stopping already/,
      change: (part) => {
        let isStopping = false
        return hooked(part, {
          stop: async (_watched, stop) => {
            if (isStopping) throw new Error('it is stopping already')
            isStopping = true
            await stop().finally(() => {
              isStopping = false
            })
          }
        })
      }
    },
    {
      rule: 'starts again after each stop',
      how: 'does not start after two runs',
      message: /did not start: there is no third run/,
      change: (part) => {
        const runs: Watched[] = []
        return hooked(part, {
          start: (watched, start) => {
            if (runs.filter(({ count }) => count > 1).length === 2) throw new Error('there is no third run')
            runs.push(watched)
            return start(watched.run)
          }
        })
      }
    },
    {
      rule: 'refuses a second start while it runs, and goes on',
      how: 'ends the first run for a second start',
      message: /took a second start\(\) while it was running/,
      change: (part) => {
        let before: Watched | undefined
        return hooked(part, {
          start: async (watched, start) => {
            if (before && before.count > 0) await part.stop()
            before = watched
            await start(watched.run)
          }
        })
      }
    },
    {
      rule: 'gives a start up when it is stopped meanwhile',
      how: 'does not look whether it was stopped while it was starting',
      message:
        /did not start|pushed a frame after a stop\(\)|after a stop\(\) that came while it was starting the \w+ still has/,
      change: (part) => {
        let timer: NodeJS.Timeout | undefined
        return hooked(part, {
          start: async ({ run }, start) => {
            await pause(2)
            run.signal.throwIfAborted()
            timer = setInterval(() => {}, 1e6).unref()
            await start(run)
          },
          stop: (_watched, stop) => {
            clearInterval(timer)
            return stop()
          }
        })
      }
    },
    {
      rule: 'pushes nothing after stop',
      how: 'pushes a last frame when it has stopped',
      message: /pushed a frame after stop\(\) had resolved/,
      change: (part) =>
        hooked(part, {
          stop: async (watched, stop) => {
            await stop()
            const isStopped = watched && watched.count > 2 && !watched.run.signal.aborted
            if (isStopped) setImmediate(() => watched.run.push(watched.last))
          }
        })
    },
    {
      rule: 'does nothing in a start whose signal is aborted before',
      how: 'starts although its signal is aborted',
      message: /pushed a frame in a start\(\) whose signal was aborted before/,
      change: (part) =>
        hooked(part, {
          start: async ({ run }, start) => {
            if (run.signal.aborted) run.push(undefined as never)
            else await start(run)
          }
        })
    },
    {
      rule: 'gives a start up when its signal is aborted meanwhile',
      how: 'leaves a timer when its signal is aborted while it is starting',
      message: /after a start\(\) that was aborted the \w+ still has open: a timer/,
      change: (part) =>
        hooked(part, {
          start: async ({ run }, start) => {
            run.signal.throwIfAborted()
            await start(run).finally(() => {
              if (run.signal.aborted) leak()
            })
          }
        })
    },
    {
      rule: 'pushes nothing after its signal is aborted',
      how: 'pushes a last frame when its signal is aborted',
      message: /pushed a frame after its signal was aborted/,
      change: (part) =>
        hooked(part, {
          start: (watched, start) => {
            const { run } = watched
            run.signal.addEventListener('abort', () => {
              if (watched.count > 2) setImmediate(() => run.push(watched.last))
            })
            return start(run)
          }
        })
    },
    {
      rule: 'does not call it a failure to be stopped',
      how: 'calls fail when it is stopped',
      message: /called fail\(\) because it was stopped/,
      change: (part) =>
        hooked(part, {
          stop: async (watched, stop) => {
            await stop()
            if (watched && watched.count > 0) watched.run.fail(new Error('it was stopped'))
          }
        })
    },
    {
      rule: 'opens nothing before it is started',
      how: 'sets a timer when it is made',
      message: /after create\(\) the \w+ still has open: a timer/,
      change: (part) => {
        const timer = setInterval(() => {}, 1e6).unref()
        const { prepare } = part as { prepare?: (signal: AbortSignal) => Promise<void> }
        const closing = {
          prepare: (signal: AbortSignal) => {
            clearInterval(timer)
            return prepare?.call(part, signal)
          }
        }
        return hooked(changed<object>(part, prepare ? closing : {}) as typeof part, {
          start: ({ run }, start) => {
            clearInterval(timer)
            return start(run)
          },
          stop: (_watched, stop) => {
            clearInterval(timer)
            return stop()
          }
        })
      }
    },
    {
      rule: 'leaves nothing open after stop',
      how: 'leaves a timer when it is stopped',
      message: /after stop\(\) the \w+ still has open: a timer/,
      change: (part) =>
        hooked(part, {
          stop: async (watched, stop) => {
            await stop()
            if (watched && watched.count > 2) leak()
          }
        })
    },
    {
      rule: 'counts in whole numbers that only go up',
      how: 'begins to count anew in each run',
      message: /the counter starts went from 1 to 0/,
      change: (part) => {
        let starts = 0
        return changed<Part>(
          hooked(part, {
            start: ({ run }, start) => {
              starts = 1
              return start(run)
            },
            stop: (_watched, stop) => {
              starts = 0
              return stop()
            }
          }),
          { stats: () => ({ ...part.stats?.(), starts }) }
        ) as P
      }
    },
    {
      rule: 'counts in whole numbers that only go up',
      how: 'counts fractions',
      message: /the counter seconds is 0.5, no whole number/,
      change: (part) => changed<Part>(part, { stats: () => ({ ...part.stats?.(), seconds: 0.5 }) }) as P
    }
  ]
}
