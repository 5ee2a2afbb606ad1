import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { root } from './root.ts'

/** Ids of the helpers that run in the root, whoever built them; the guards before them are not counted. */
export function helperPids(): number[] {
  const ours = realpathSync(root())
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        const [program = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
        if (readlinkSync(`/proc/${pid}/root`) !== ours) return false
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

/** Seconds of the processor that a process has used. */
export function cpuSeconds(pid: number): number {
  // Fields 14 and 15 of proc(5), in hundredths; the name before them may have spaces in it.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}
