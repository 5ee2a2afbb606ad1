import { messageOf, type StreamerError, withoutSecrets } from './plugin/index.js'

/** Longer messages are cut where they are kept: whoever fails may say as much as it likes. */
const longestMessage = 2000

/** The last failure of a part, as statistics and state pages show it. */
export interface FailureRecord {
  readonly code: string
  readonly message: string
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number
}

export function failureRecord(error: StreamerError): FailureRecord {
  return { code: error.code, message: withoutSecrets(shortened(error.message)), atMs: Date.now() }
}

/** `text` up to the length that is kept. */
export function shortened(text: string): string {
  return text.length > longestMessage ? `${text.slice(0, longestMessage - 1)}…` : text
}

/** Whatever a plugin threw, for a logger: an error that can be looked at without anything being thrown. */
export function loggable(error: unknown): Error {
  const plain = new Error(shortened(messageOf(error)))
  try {
    const { stack } = error as { stack?: unknown }
    plain.stack = typeof stack === 'string' ? stack : plain.message
  } catch {
    plain.stack = plain.message
  }
  return plain
}
