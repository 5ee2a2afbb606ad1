import { createRequire } from 'node:module'

/** Both ends of a pipe, as descriptors. */
export interface PipeEnds {
  readonly readFd: number
  readonly writeFd: number
}

/** Linux, asm-generic: the same on x86, arm and riscv; see open(2). Children get an end only where it is handed to them. */
const O_CLOEXEC = 0o2000000

type Pipe2 = (ends: Int32Array, flags: number) => number

let pipe2: Pipe2 | undefined | 'not tried' = 'not tried'

/**
 * A real pipe, for a child's output: what Node makes for children are sockets, whose bytes are copied into chunks of Node's own, while of a pipe a
 * `net.Socket({ fd, onread })` reads into a buffer of ours. Undefined where that is not to be had (no Linux, no koffi for this processor, no
 * descriptors left). Both ends belong to the caller.
 */
export function openPipe(): PipeEnds | undefined {
  if (pipe2 === 'not tried') pipe2 = loadPipe2()
  const ends = new Int32Array(2)
  if (pipe2?.(ends, O_CLOEXEC) !== 0) return undefined
  const [readFd = -1, writeFd = -1] = ends
  return { readFd, writeFd }
}

function loadPipe2(): Pipe2 | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    // `require`, so that a koffi that is not installed is nothing worse than an exception here.
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
    return koffi.load(null).func('int pipe2(_Out_ int *ends, int flags)') as unknown as Pipe2
  } catch {
    return undefined
  }
}
