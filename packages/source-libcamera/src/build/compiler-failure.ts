import { StreamerError } from '@streamer/core/plugin'
import { diskFull } from './cache-folder.js'
import type { ProgramResult } from './run-program.js'

/** Lines of the compiler's output that go into the cause. */
const keptLines = 20

/** Header or library, and the package on Debian that has it. */
const packageOf: ReadonlyArray<readonly [RegExp, string]> = [
  [/jpeglib\.h|jconfig\.h|-ljpeg\b/, 'libjpeg-dev'],
  [/libcamera\/|-lcamera(-base)?\b/, 'libcamera-dev'],
  [/cc1plus/, 'g++'],
  [/-lstdc\+\+|\bc\+\+|iostream|bits\/|std\w+\.h|crt1\.o/, 'g++']
]

/** Says in words why a compiler did not make the helper. */
export function compilerFailure(compiler: string, result: ProgramResult): StreamerError {
  const output = `${result.stderr}\n${result.stdout}`.trim()
  const cause = new Error(output.split('\n').slice(-keptLines).join('\n') || 'the compiler said nothing')
  return new StreamerError('ERR_CAMERA_HELPER_BUILD', `cannot build the camera helper: ${reason()}`, { cause })

  function reason(): string {
    const { startError, cut, signal, exitCode } = result
    if (startError)
      return `cannot run ${compiler}: ${startError.code === 'ENOENT' ? 'no such program' : startError.message}`
    if (cut === 'time') return `${compiler} did not come to an end in time`
    if (/No space left on device|Disk quota exceeded/i.test(output)) return diskFull
    // The compiler proper is killed by the kernel when the memory of a small Pi is used up.
    if (signal || /Killed signal|signal terminated program|virtual memory exhausted|out of memory/i.test(output))
      return `${compiler} was killed, most likely because the memory is used up; end other programs, or add swap space, and try again`
    const missing = firstLine(/No such file or directory|cannot find -l|cannot execute/)
    const wanted = missing && packageOf.find(([pattern]) => pattern.test(missing))?.[1]
    if (missing && wanted) return `${missing}; sudo apt install --reinstall ${wanted}`
    return `${compiler} ended with exit code ${exitCode}: ${firstLine(/\berror\b/i) ?? firstLine(/\S/) ?? 'it said nothing'}`
  }

  function firstLine(pattern: RegExp): string | undefined {
    return output
      .split('\n')
      .find((line) => pattern.test(line))
      ?.trim()
      .slice(0, 300)
  }
}

/** Whether trying again at once, with the same sources and the same compiler, would fail again: not when memory, disk or time ran out. */
export function isLasting({ startError, cut, signal, stderr }: ProgramResult): boolean {
  return !startError && !cut && !signal && !/No space left|quota exceeded|[Kk]illed|memory/.test(stderr)
}
