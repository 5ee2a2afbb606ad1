import type { Rule } from '../src/contract/rules.js'

/** What each rule that is broken says, by its name. All are asked at the same time. */
export async function failingRules(rules: readonly Rule[]): Promise<Record<string, string>> {
  const failing: Record<string, string> = {}
  await Promise.all(
    rules.map((rule) =>
      rule.check().catch((error: Error) => {
        failing[rule.name] = error.message
      })
    )
  )
  return failing
}

/** Parts that hang have to be waited for by the rule that finds it; all else is ready long before this, on a slow machine, too. Milliseconds. */
const limits = { hanging: 1500, other: 20_000 }

/**
 * Which rules find a part broken that breaks one of them.
 * @param rulesFor gives the rules with this limit for a step.
 * @param rule the one that is expected to fail.
 * @param hangs whether the part never does something that this rule waits for.
 */
export function failingRulesOf(
  rulesFor: (limitMs: number) => readonly Rule[],
  rule: string,
  hangs = false
): Promise<Record<string, string>> {
  const impatient = hangs ? rulesFor(limits.hanging).filter(({ name }) => name === rule) : []
  const patient = rulesFor(limits.other).filter(({ name }) => !hangs || name !== rule)
  return failingRules([...impatient, ...patient])
}
