import { readdirSync, readFileSync } from 'node:fs'

/** Ids of the helpers that run, the guards before them not counted. */
export function helperPids(name = 'streamer-camera'): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        const [program = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
        return program.split('/').at(-1)?.startsWith(name) === true
      } catch {
        // It has ended meanwhile.
        return false
      }
    })
    .map(Number)
}

/** Bytes of memory that a process has in use. */
export function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
}

/** Open descriptors of this process. */
export function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length
}
