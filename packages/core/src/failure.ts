import {
  type Counters,
  type ErrorCode,
  messageOf,
  type StreamerError,
  toStreamerError,
  withoutSecrets
} from './plugin/index.js'

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

/** Counters of a part; none when it throws, which `onError` is told. */
export function countersOf(part: { stats?(): Counters }, onError: (message: string) => void): Counters {
  try {
    return part.stats?.() ?? {}
  } catch (error) {
    onError(`its counters cannot be read: ${messageOf(error)}`)
    return {}
  }
}
