import { type Control, type Controls, type ControlValue, type Frame, messageOf } from '@streamer/core/plugin'
import {
  changed,
  endsOf,
  listProblem,
  outOfRange,
  settingProblem,
  valueProblem,
  wrongTypes
} from './controls-values.js'
import type { PartRig, WithRig } from './part-rig.js'
import type { Rule } from './rules.js'

const group = 'controls'
/** A control that no part has. */
const unknownName = 'noSuchControl'

type Values = Readonly<Record<string, ControlValue>>

/**
 * Settings that change while a part runs, for sources and encoders that declare some. A part that has none all the same is the business of the
 * rule that compares the two.
 */
export function controlsRules<F extends Frame>(withRig: WithRig<PartRig<F>>): Rule[] {
  return [
    rule('describes its controls', async (controls, rig) => {
      assertNone(listProblem(controls.list()))
      await rig.lookAround()
      assertNone(listProblem(controls.list()))
      await rig.start()
      assertNone(listProblem(controls.list()))
    }),
    rule('has a value in range for each control', async (controls, rig) => {
      assertValues(controls)
      await rig.lookAround()
      assertValues(controls)
      const run = await rig.start()
      await rig.gives(run, 1)
      assertValues(controls)
      run.abort()
      await rig.stop()
      assertValues(controls)
    }),
    rule('takes settings before it is started and after it was stopped', async (controls, rig) => {
      await set(rig, controls.values())
      const run = await rig.start()
      await rig.gives(run, 1)
      run.abort()
      await rig.stop()
      await set(rig, controls.values())
    }),
    rule('takes every value of a control, to the ends of its range', async (controls, rig) => {
      await rig.gives(await rig.start(), 1)
      for (const control of controls.list()) {
        const { name } = control
        const before = controls.values()[name]!
        const seen = []
        for (const value of [...endsOf(control), before]) {
          const given = await set(rig, { [name]: value })
          for (const now of [controls.values()[name], given?.[name]]) assertNone(settingProblem(control, value, now))
          seen.push(controls.values()[name])
        }
        // A device may have a step or a limit of its own, but not the same value for both ends.
        const [lowest, highest] = seen
        if (lowest === highest && endsOf(control)[0] !== endsOf(control)[1]) {
          throw new Error(`${name} is ${shown(lowest)} after it was set to either end of its range`)
        }
      }
    }),
    rule('refuses a value out of the range of its control', (controls, rig) =>
      eachRefused(controls, rig, (control) => outOfRange(control))
    ),
    rule('refuses a value that is of another type than its control', (controls, rig) =>
      eachRefused(controls, rig, (control) => wrongTypes(control))
    ),
    rule('refuses a control that it does not have', async (_controls, rig) => {
      await rig.start()
      await assertRefused(rig, { [unknownName]: 1 })
    }),
    rule('changes nothing when one of several values is refused', async (controls, rig) => {
      await rig.start()
      for (const control of controls.list()) {
        const good = changed(control, controls.values()[control.name]!)
        const other = controls.list().find(({ name }) => name !== control.name)
        const bad = other && outOfRange(other)[0]
        if (good === undefined) continue
        const refused = other && bad !== undefined ? { [other.name]: bad } : { [unknownName]: 1 }
        // Whether it is refused at all is asked by other rules.
        const isRefused = await set(rig, { [control.name]: good, ...refused }).then(
          () => false,
          () => true
        )
        if (isRefused && controls.values()[control.name] === good) {
          throw new Error(`${control.name} was changed although another value in the same set() was refused`)
        }
      }
    }),
    rule('goes on giving frames when settings change', async (controls, rig) => {
      const run = await rig.start()
      await rig.gives(run, 1)
      const before = controls.values()
      for (const control of controls.list()) {
        const value = changed(control, before[control.name]!)
        if (value !== undefined) await set(rig, { [control.name]: value })
      }
      await set(rig, before)
      await rig.gives(run, 3)
    })
  ]

  function rule(name: string, check: (controls: Controls, rig: PartRig<F>) => Promise<void>): Rule {
    const checkRig = async (rig: PartRig<F>) => {
      if (rig.part.controls) await check(rig.part.controls, rig)
    }
    return { group, name, check: () => withRig(checkRig) }
  }
}

function assertNone(problem: string | undefined): void {
  if (problem !== undefined) throw new Error(problem)
}

function assertValues(controls: Controls): void {
  const values = controls.values()
  for (const control of controls.list()) assertNone(valueProblem(control, values[control.name]))
}

/** Sets values, in time. */
function set<F extends Frame>(rig: PartRig<F>, values: Values): Promise<Values> {
  const setting = (async () => rig.enter(() => rig.part.controls!.set(values)))()
  return rig.within(
    'controls.set()',
    setting.catch((error: unknown) => {
      throw Object.assign(new Error(`set(${shown(values)}) rejected: ${messageOf(error)}`), { cause: error })
    })
  )
}

async function eachRefused<F extends Frame>(
  controls: Controls,
  rig: PartRig<F>,
  valuesFor: (control: Control) => readonly unknown[]
): Promise<void> {
  await rig.start()
  for (const control of controls.list()) {
    for (const value of valuesFor(control)) await assertRefused(rig, { [control.name]: value as ControlValue })
    assertNone(valueProblem(control, controls.values()[control.name]))
  }
}

async function assertRefused<F extends Frame>(rig: PartRig<F>, values: Values): Promise<void> {
  const refusal = await set(rig, values).then(
    () => undefined,
    (error: Error) => error
  )
  if (!refusal) throw new Error(`set(${shown(values)}) was not refused`)
  const code = (refusal.cause as { code?: unknown } | undefined)?.code
  if (code !== 'ERR_CONTROL_INVALID') throw new Error(`${refusal.message}; that has no code ERR_CONTROL_INVALID`)
}

/** `{"quality":101}`; JSON has no NaN. */
function shown(value: unknown): string {
  return JSON.stringify(value, (_key, item) => (typeof item === 'number' && !Number.isFinite(item) ? `${item}` : item))
}
