import { UsageError } from '../usage-error.js'

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** The longest that a timer can wait. */
const longestMs = 0x7fff_ffff

/**
 * `10s`, `1.5s`, `500ms`, `2m` or `1h`, in milliseconds.
 * @param flag with its dashes, for the message.
 * @throws UsageError
 */
export function durationMs(flag: string, text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? []
  const ms = Number(number) * (unitMs[unit] ?? Number.NaN)
  if (number !== '' && ms <= longestMs) return ms
  throw new UsageError(
    `${flag}: ${JSON.stringify(text)} is not allowed; write a number and a unit, as in 10s, 500ms or 2m`
  )
}
