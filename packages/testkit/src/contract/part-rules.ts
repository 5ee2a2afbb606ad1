import type { Frame } from '@streamer/core/plugin'
import type { PartRig, WithRig } from './part-rig.js'
import type { Rule } from './rules.js'

/** What is left open, and counters: for sources and encoders. */
export function partRules<F extends Frame>(withRig: WithRig<PartRig<F>>): Rule[] {
  return [
    {
      group: 'nothing is left open',
      name: 'opens nothing before it is started',
      check: () =>
        withRig(
          async (rig) => {
            rig.enter(() => rig.part)
            await rig.assertClosed('create()')
          },
          { watch: true }
        )
    },
    {
      group: 'nothing is left open',
      name: 'leaves nothing open after stop',
      check: () =>
        withRig(
          async (rig) => {
            const run = await rig.start()
            await rig.gives(run, 3)
            run.abort()
            await rig.stop()
            await rig.assertClosed('stop()')
          },
          { watch: true }
        )
    },
    {
      group: 'counters',
      name: 'counts in whole numbers that only go up',
      check: () =>
        withRig(async (rig) => {
          let before: Record<string, number> = {}
          const look = () => {
            before = checkedCounters(rig, before)
          }
          look()
          for (let times = 0; times < 2; times++) {
            const run = await rig.start()
            look()
            await rig.gives(run, 2)
            look()
            run.abort()
            await rig.stop()
            look()
          }
        })
    }
  ]
}

/** @param isDeclared whether `supports` says that it has controls. */
export function declaredControlsRule<F extends Frame>(withRig: WithRig<PartRig<F>>, isDeclared: boolean): Rule {
  return {
    group: 'declaration',
    name: 'has controls if it declares them, and only then',
    check: () =>
      withRig(async ({ part }) => {
        const has = part.controls !== undefined
        if (has === isDeclared) return
        throw new Error(has ? 'it has controls that `supports` does not declare' : 'it declares controls and has none')
      })
  }
}

/** The counters of now. @throws Error when they are none, or less than before. */
function checkedCounters<F extends Frame>(
  rig: PartRig<F>,
  before: Readonly<Record<string, number>>
): Record<string, number> {
  const counters = { ...rig.enter(() => rig.part.stats?.()) }
  for (const [name, count] of Object.entries(counters)) {
    if (!Number.isSafeInteger(count) || count < 0) throw new Error(`the counter ${name} is ${count}, no whole number`)
  }
  for (const [name, count] of Object.entries(before)) {
    if ((counters[name] ?? -1) < count) throw new Error(`the counter ${name} went from ${count} to ${counters[name]}`)
  }
  return counters
}
