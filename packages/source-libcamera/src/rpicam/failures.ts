import { StreamerError } from '@streamer/core/plugin'
import type { Exit } from '@streamer/subprocess'
import { part } from './program.js'

/** What libcamera, then rpicam-vid, say when no frame comes; rpicam-vid then tries again for ever. */
const stalled = /Camera frontend has timed out|Device timeout detected/

/** The failure that a line on standard error tells of while rpicam-vid still runs. */
export function failureInLine(label: string, line: string): StreamerError | undefined {
  if (!stalled.test(line)) return undefined
  const text = `${part}: the camera gives no pictures to ${label}; check its cable and its connectors, or try another camera`
  return new StreamerError('ERR_CAMERA_TIMEOUT', text, { cause: new Error(line) })
}

/** Lines by which rpicam-vid says why it ends, and what we make of them. */
const reasons: ReadonlyArray<readonly [pattern: RegExp, code: string, text: (label: string, found: string) => string]> =
  [
    [
      /no cameras available/i,
      'ERR_CAMERA_NOT_FOUND',
      (label) => `${label} finds no camera; check its cable with the power off`
    ],
    [
      /selected camera is not available|failed to find camera/,
      'ERR_CAMERA_NOT_FOUND',
      (label) => `${label} does not find this camera; \`streamer cameras\` lists those that there are`
    ],
    [
      /failed to acquire camera|Pipeline handler in use by another process/,
      'ERR_CAMERA_BUSY',
      (label) => `${label} cannot have the camera: another program uses it`
    ],
    [
      /unrecognised option '([^']*)'/,
      'ERR_CAMERA_UNSUPPORTED',
      (label, option) =>
        `${label} does not know the option ${option}: its version is too old; update the package rpicam-apps`
    ]
  ]

/** Signals of a crash; a shell that ran it tells of them by 128 and their number. */
const crashes = ['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGABRT']
const crashCodes = [139, 135, 132, 136, 134]

/**
 * Why rpicam-vid ended, when nobody told it to.
 * @param lines the last ones on its standard error.
 */
export function failureOf(label: string, exit: Exit, lines: readonly string[]): StreamerError {
  const all = lines.join('\n')
  const cause = all === '' ? {} : { cause: new Error(all) }
  for (const [pattern, code, text] of reasons) {
    const found = pattern.exec(all)
    if (found) return new StreamerError(code, `${part}: ${text(label, found[1] ?? '')}`, cause)
  }
  const lastLine = lines.at(-1)
  const why = lastLine === undefined ? '' : `: ${lastLine}`
  return new StreamerError('ERR_SOURCE_ENDED', `${part}: ${label} ${endOf(exit)}${why}`, cause)
}

function endOf({ code, signal }: Exit): string {
  if (signal && crashes.includes(signal)) return `crashed (${signal})`
  if (signal) return `was ended by ${signal}`
  if (code !== null && crashCodes.includes(code)) return `crashed (exit code ${code})`
  return `ended with exit code ${code}`
}
