import { type ErrorCode, type StreamerError, toStreamerError, withoutSecrets } from './plugin/index.js'

/** The last failure of a part, as statistics and state pages show it. */
export interface FailureRecord {
  readonly code: string
  readonly message: string
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number
}

export function failureRecord(error: StreamerError): FailureRecord {
  return { code: error.code, message: withoutSecrets(error.message), atMs: Date.now() }
}

/** Whatever a plugin threw or rejected with, as an error that a user can read. */
export function partError(error: unknown, code: ErrorCode, part: string): StreamerError {
  return toStreamerError(error, code, part)
}
