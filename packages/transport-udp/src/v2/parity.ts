import { blocksOf, maxParity } from '@streamer/protocol'

/** One in so many frames may be left to resends, where there is time for them. */
const withResend = 1 / 500
/** Where there is none, so many are lost. */
const withoutResend = 1 / 10_000
/** Loss is estimated from some thousand datagrams, and is a bit more half of the time. */
const margin = 1.15
/** Below this there is no parity: one datagram in two thousand is for resends. */
const negligible = 0.0005

/**
 * How many parity shards a frame needs, all blocks together.
 * @param dataCount its data shards. @param loss of datagrams, 0 to 1. @param canResend lost ones can be asked for in time.
 */
export function parityFor(dataCount: number, loss: number, canResend: boolean): number {
  if (loss < negligible) return 0
  const blocks = blocksOf(dataCount)
  const perBlock = Math.ceil(dataCount / blocks)
  const most = maxParity(dataCount) / blocks
  const allowed = (canResend ? withResend : withoutResend) / blocks
  const probability = Math.min(0.5, loss * margin)
  for (let parity = 1; parity < most; parity++) {
    if (chanceOfMore(perBlock + parity, probability, parity) <= allowed) return parity * blocks
  }
  return most * blocks
}

/** The chance that more than `limit` of `count` are lost, each with `probability`. */
function chanceOfMore(count: number, probability: number, limit: number): number {
  const odds = probability / (1 - probability)
  let term = (1 - probability) ** count
  let sum = term
  for (let lost = 1; lost <= limit; lost++) {
    term *= ((count - lost + 1) / lost) * odds
    sum += term
  }
  return Math.max(0, 1 - sum)
}
