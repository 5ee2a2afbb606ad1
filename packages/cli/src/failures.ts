import { ConfigError, type ErrorCode, errorCodes, isStreamerError, messageOf, problemText } from '@streamer/core'
import { colours } from './colours.js'
import { UsageError } from './usage-error.js'

/** What is told about a failure, and the exit code that goes with it. */
export interface FailureReport {
  /** One problem each, without the name of the program. */
  readonly lines: readonly string[]
  /** What helps. */
  readonly hint: string | undefined
  readonly exitCode: number
}

/** Says a failure on stderr in words, never as a stack, and gives the exit code. */
export function reportFailure(error: unknown, logLevel: string | undefined): number {
  // At a question the person knows what happened.
  if (error instanceof Error && error.name === 'Interrupted') return 130
  const { lines, hint, exitCode } = describeFailure(error)
  const { red, dim } = colours(process.stderr)
  const [first, ...rest] = lines
  const text = [`${red('streamer:')} ${first}`, ...rest.map((line) => `  ${line}`), ...(hint ? [dim(hint)] : [])]
  if (logLevel === 'debug' && error instanceof Error && error.stack) text.push(dim(error.stack))
  process.stderr.write(`${text.join('\n')}\n`)
  return exitCode
}

export function describeFailure(error: unknown): FailureReport {
  if (error instanceof UsageError) return { lines: [error.message], hint: undefined, exitCode: 2 }
  if (error instanceof ConfigError) {
    const problems = error.problems.map((problem) => problemText(problem).replace(/\s*\n\s*/g, ' '))
    const [only] = problems
    const lines = problems.length === 1 && only !== undefined ? [only] : [`${problems.length} problems:`, ...problems]
    return { lines, hint: remedyOf(error.code), exitCode: error.exitCode }
  }
  if (isStreamerError(error)) {
    const messages = error.message.split('\n')
    return {
      lines: messages.length === 1 ? messages : [`${messages.length} problems:`, ...messages],
      hint: remedyOf(error.code),
      exitCode: error.exitCode
    }
  }
  return {
    lines: [messageOf(error).split('\n')[0] ?? ''],
    hint: 'This is a bug in Streamer or in a plugin; with --log-level debug it shows where.',
    exitCode: 1
  }
}

function remedyOf(code: string): string | undefined {
  return Object.hasOwn(errorCodes, code) ? errorCodes[code as ErrorCode].remedy : undefined
}
