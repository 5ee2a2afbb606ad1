import type { TestRunner } from '../runner.js'

/** One thing that a plugin must do; becomes one test. */
export interface Rule {
  /** What has to be declared in `supports` for the rule to hold: `start and stop`, `clients`, `controls`. */
  readonly group: string
  /** A sentence: `a taken port gives ERR_LISTEN`. */
  readonly name: string
  /** Rejects when the plugin breaks the rule. Leaves nothing behind in either case. */
  check(): Promise<void>
}

/** Declares a test for each rule, by groups. */
export function declareRules({ describe, it }: TestRunner, title: string, rules: readonly Rule[]): void {
  describe(title, () => {
    for (const group of new Set(rules.map((rule) => rule.group))) {
      describe(group, () => {
        for (const rule of rules) if (rule.group === group) it(rule.name, () => rule.check())
      })
    }
  })
}
