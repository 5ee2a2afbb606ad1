import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** Node and its libraries open these when they first need them, and keep them. */
const kept: ReadonlySet<string> = new Set(['/dev/null', '/dev/random', '/dev/urandom'])

/** The lines of `Descriptors`. */
export const beyondNode = /^(?:file descriptor|the process) \d/

/** Descriptors and child processes of this process that Node itself does not tell of; nothing where there is no `/proc` (Linux has it). */
export class Descriptors {
  #files = openFiles()
  #children = children()

  /** Takes what there is now for having been there always. */
  forget(): void {
    this.#files = openFiles()
    this.#children = children()
  }

  /**
   * What came since, for people.
   * @param descriptors that Node tells of; not listed.
   * @param processes that Node tells of; not listed.
   */
  more(descriptors: ReadonlySet<number | undefined>, processes: ReadonlySet<number | undefined>): string[] {
    const lines: string[] = []
    for (const [fd, target] of openFiles()) {
      const isKnown = descriptors.has(fd) || this.#files.get(fd) === target
      if (!isKnown) lines.push(`file descriptor ${fd} (${target})`)
    }
    for (const [pid, name] of children()) {
      const isKnown = processes.has(pid) || this.#children.has(pid)
      if (!isKnown) lines.push(`the process ${pid} (${name})`)
    }
    return lines
  }
}

/**
 * What each descriptor leads to. Files, devices and sockets alone: the event loop has pipes and the like of its own, which it opens when it first needs them,
 * and a plugin opens none past Node.
 */
function openFiles(): ReadonlyMap<number, string> {
  const files = new Map<number, string>()
  for (const name of listed('/proc/self/fd')) {
    const target = tried(() => readlinkSync(`/proc/self/fd/${name}`)) ?? ''
    const isFile = target.startsWith('/') && !target.startsWith('/proc/') && !kept.has(target)
    if (isFile || target.startsWith('socket:')) files.set(Number(name), target)
  }
  return files
}

/** Names of the child processes that have not ended, by number, whichever thread started them. */
function children(): ReadonlyMap<number, string> {
  const processes = new Map<number, string>()
  for (const task of listed('/proc/self/task')) {
    const pids = tried(() => readFileSync(`/proc/self/task/${task}/children`, 'utf8')) ?? ''
    for (const pid of pids.split(' ').filter(Boolean)) {
      // `42 (name) S …`; one in the state Z has ended, and only its parent could take it off the list.
      const [, name, state] =
        /^\d+ \((.*)\) (\S)/s.exec(tried(() => readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? '') ?? []
      if (name !== undefined && state !== 'Z') processes.set(Number(pid), name)
    }
  }
  return processes
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
