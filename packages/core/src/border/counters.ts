import type { Counters } from '../plugin/index.js'
import type { Border } from './border.js'
import { shown } from './shown.js'

/** Counters of a part; none when it throws, and without what is no number. Both are told. */
export function guardedCounters(part: { stats?(): Counters }, border: Border): Counters {
  const counters: unknown = border.attempt('stats', () => part.stats?.())
  if (counters === undefined) return {}
  if (typeof counters !== 'object' || counters === null) {
    border.tell(`gave ${shown(counters)} for its counters`)
    return {}
  }
  border.absorb('stats', counters)
  const entries = border.attempt('stats', () => Object.entries(counters)) ?? []
  const numbers = entries.filter(([, value]) => Number.isFinite(value))
  if (numbers.length < entries.length) border.tell('has counters that are no numbers; they are left out')
  return Object.fromEntries(numbers) as Counters
}
