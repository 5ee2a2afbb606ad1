import { readdirSync, readFileSync } from 'node:fs'

/** Ids of the helpers that run, whoever built them; the guards before them are not counted. */
export function helperPids(): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        const [program = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
        return /^(streamer-camera|libcamera-helper-)/.test(program.split('/').at(-1) ?? '')
      } catch {
        // It has ended meanwhile.
        return false
      }
    })
    .map(Number)
}

/** The id of the helper that runs. */
export function helperPid(): number {
  const [pid, ...others] = helperPids()
  // A missing one must never become 0, which means the whole process group to kill(2).
  if (pid === undefined || others.length > 0) throw new Error(`there are ${others.length + (pid ? 1 : 0)} helpers`)
  return pid
}

/** Bytes of memory that a process has in use. */
export function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
}

/** Open descriptors of this process. */
export function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length
}
