/** What Linux tells of a process and all its children. */
import { readdirSync, readFileSync } from 'node:fs'

/** Of nothing in particular: a process may go at any time. */
function read(path) {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

/** The process and all that descend from it, by number. */
export function treeOf(pid) {
  const children = new Map()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    // The name of a program stands in brackets and may hold anything.
    const parent = Number(/^.*\) \S (\d+)/s.exec(read(`/proc/${name}/stat`))?.[1])
    children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const tree = []
  for (const queue = [pid]; queue.length > 0; ) {
    const next = queue.shift()
    tree.push(next)
    queue.push(...(children.get(next) ?? []))
  }
  return tree
}

/**
 * User and system time so far, in microseconds, of each process of the tree: by the scheduler's own clock where the kernel keeps it (`schedstat`), since the
 * times in `stat` count in ticks of 10 ms.
 */
export function cpuUsOf(pid) {
  const times = new Map()
  for (const member of treeOf(pid)) {
    let us = 0
    let hasClock = false
    for (const thread of threadsOf(member)) {
      const [nanoseconds] = read(`/proc/${member}/task/${thread}/schedstat`).split(' ')
      if (!nanoseconds) continue
      hasClock = true
      us += Number(nanoseconds) / 1000
    }
    if (!hasClock) {
      const [, fields] = read(`/proc/${member}/stat`).split(') ')
      const [user, system] = (fields ?? '').split(' ').slice(11, 13).map(Number)
      us = ((user ?? 0) + (system ?? 0)) * 10_000
    }
    times.set(member, us)
  }
  return times
}

/** @returns microseconds that the tree took between two answers of `cpuUsOf`, without the processes in `except`. */
export function cpuBetween(before, after, except = new Set()) {
  let us = 0
  for (const [pid, time] of after) if (!except.has(pid)) us += time - (before.get(pid) ?? 0)
  return us
}

/** Those of the tree that run this program. */
export function membersNamed(pid, name) {
  // The kernel keeps 15 letters of a name.
  return new Set(treeOf(pid).filter((member) => read(`/proc/${member}/comm`).trim() === name.slice(0, 15)))
}

/** Resident memory of the whole tree, in bytes. */
export function residentBytes(pid) {
  let kilobytes = 0
  for (const member of treeOf(pid))
    kilobytes += Number(/VmRSS:\s+(\d+) kB/.exec(read(`/proc/${member}/status`))?.[1] ?? 0)
  return kilobytes * 1024
}

/** System calls of `write` and `writev` so far; `send` and its like are not among them. */
export function writeCallsOf(pid) {
  let calls = 0
  for (const member of treeOf(pid)) calls += Number(/syscw: (\d+)/.exec(read(`/proc/${member}/io`))?.[1] ?? 0)
  return calls
}

function threadsOf(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}
