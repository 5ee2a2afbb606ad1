import type { Path, Problem } from '../config/problems.js'
import { pathText } from '../config/problems.js'
import type { LoadedPlugin } from '../plugins/load.js'
import type { LeftOut } from './candidates.js'

/** A candidate with what its own schema made of its share of the options. */
export interface Share<Accepted> {
  readonly candidate: LoadedPlugin
  /** Names of its options; undefined when it does not say. */
  readonly known: readonly string[] | undefined
  readonly result: Accepted | { readonly problems: readonly Problem[] }
}

/** What became of the options of `use: auto`. */
export interface Judgement<Accepted> {
  readonly accepted: ReadonlyArray<{ readonly candidate: LoadedPlugin; readonly result: Accepted }>
  /** Those for which a value is wrong that another one takes. */
  readonly leftOut: readonly LeftOut[]
  /** What is wrong for everyone. */
  readonly problems: readonly Problem[]
}

/** Those of `options` that a candidate has; all of them for one that does not say what it has. */
export function shareOf(
  options: Readonly<Record<string, unknown>>,
  known: readonly string[] | undefined
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([key]) => known?.includes(key) ?? true))
}

/**
 * Judges the shares together: a value that is wrong for one candidate and right for another leaves the first one out; one that nobody takes is a problem.
 * @param path of the part; the problems' paths begin with it.
 * @param options what was set.
 */
export function judgeShares<Accepted extends object>(
  shares: ReadonlyArray<Share<Accepted>>,
  path: Path,
  options: Readonly<Record<string, unknown>>
): Judgement<Accepted> {
  const keyOf = (problem: Problem) => problem.path[path.length]
  const takes = ({ known, result }: Share<Accepted>, key: string | number) =>
    (known?.includes(String(key)) ?? true) &&
    !('problems' in result && result.problems.some((problem) => keyOf(problem) === key))
  const accepted: Array<{ candidate: LoadedPlugin; result: Accepted }> = []
  const leftOut: LeftOut[] = []
  const all: Problem[] = []
  for (const { candidate, result } of shares) {
    if (!('problems' in result)) {
      accepted.push({ candidate, result })
      continue
    }
    all.push(...result.problems)
    const reason = result.problems.map((problem) => `${pathText(problem.path)}: ${problem.message}`).join('; ')
    leftOut.push({ use: candidate.use, reason })
  }
  const forEveryone = all.filter((problem) => {
    const key = keyOf(problem)
    return key !== undefined && key in options && !shares.some((share) => takes(share, key))
  })
  const problems = accepted.length === 0 && forEveryone.length === 0 ? all : forEveryone
  return { accepted, leftOut, problems: firstOfEachPath(problems) }
}

/** Several sets of options as one: of two that have the same one the first counts. */
export function firstOfEach(sets: readonly unknown[]): Record<string, unknown> {
  const together: Record<string, unknown> = {}
  for (const set of sets)
    for (const [key, value] of Object.entries(set ?? {})) if (!(key in together)) together[key] = value
  return together
}

function firstOfEachPath(problems: readonly Problem[]): Problem[] {
  const first = new Map<string, Problem>()
  for (const problem of problems) {
    const text = pathText(problem.path)
    if (!first.has(text)) first.set(text, problem)
  }
  return [...first.values()]
}
