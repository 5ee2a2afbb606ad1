import type { Control, Controls, ControlValue } from '@streamer/core/plugin'
import type { Part } from '../src/contract/part-rig.js'
import { changed } from './part-broken.js'

type Values = Readonly<Record<string, ControlValue>>

/** A part whose controls break one rule. */
export interface BrokenControls {
  readonly rule: string
  readonly how: string
  readonly message: RegExp
  readonly hangs?: true
  readonly change: <P extends Part>(part: P) => P
}

/** @param make makes controls of the part's own. */
function controls(make: (whole: Controls) => Partial<Controls>): BrokenControls['change'] {
  return <P extends Part>(part: P) =>
    changed<Part>(part, { controls: changed(part.controls!, make(part.controls!)) }) as P
}

const isNumber = (control: Control | undefined) => control?.type === 'number' || control?.type === 'integer'

export const brokenControls: readonly BrokenControls[] = [
  {
    rule: 'describes its controls',
    how: 'has a control without a description',
    message: /has no description/,
    change: controls((whole) => ({ list: () => whole.list().map((each) => ({ ...each, description: '' })) }))
  },
  {
    rule: 'describes its controls',
    how: 'has a default out of its own range',
    message: /has a default that is not in its own range/,
    change: controls((whole) => ({
      list: () => whole.list().map((each) => (isNumber(each) ? ({ ...each, default: -1 } as Control) : each))
    }))
  },
  {
    rule: 'has a value in range for each control',
    how: 'has no values when it was stopped',
    message: /values\(\) has nothing for/,
    change: <P extends Part>(part: P) => {
      let isStopped = false
      const whole = part.controls!
      return changed<Part>(part, {
        async stop() {
          await part.stop()
          isStopped = true
        },
        controls: changed(whole, { values: () => (isStopped ? {} : whole.values()) })
      }) as P
    }
  },
  {
    rule: 'takes settings before it is started and after it was stopped',
    how: 'takes settings only while it runs',
    message: /rejected: it does not run/,
    change: <P extends Part>(part: P) => {
      let isRunning = false
      const whole = part.controls!
      return changed<Part>(part, {
        async start(run) {
          await part.start(run)
          isRunning = true
        },
        stop() {
          isRunning = false
          return part.stop()
        },
        controls: changed(whole, {
          set: (values) => (isRunning ? whole.set(values) : Promise.reject(new Error('it does not run')))
        })
      }) as P
    }
  },
  {
    rule: 'takes every value of a control, to the ends of its range',
    how: 'takes a number and does nothing with it',
    message: /is 80 after it was set to either end of its range/,
    change: controls((whole) => ({
      async set(values) {
        const before = whole.values()
        await whole.set(values)
        return whole.set({ ...values, quality: before.quality! })
      }
    }))
  },
  {
    rule: 'takes every value of a control, to the ends of its range',
    how: 'refuses the end of a range',
    message: /set\(\{"quality":100\}\) rejected/,
    change: controls((whole) => ({
      set: (values) => (values.quality === 100 ? Promise.reject(new Error('too good')) : whole.set(values))
    }))
  },
  {
    rule: 'refuses a value out of the range of its control',
    how: 'takes the end of the range for what is beyond it',
    message: /was not refused/,
    change: controls((whole) => ({
      set: (values) =>
        whole.set(
          mapped(whole, values, (control, value) =>
            (control?.type === 'number' || control?.type === 'integer') && Number.isFinite(value)
              ? Math.min(Math.max(value as number, control.minimum), control.maximum)
              : value
          )
        )
    }))
  },
  {
    rule: 'refuses a value out of the range of its control',
    how: 'refuses with an error of another kind',
    message: /has no code ERR_CONTROL_INVALID/,
    change: controls((whole) => ({
      set: (values) =>
        whole.set(values).catch((error: Error) => {
          const isOutOfRange = whole.list().some((each) => isNumber(each) && Number.isInteger(values[each.name]))
          throw isOutOfRange ? new RangeError(error.message) : error
        })
    }))
  },
  {
    rule: 'refuses a value that is of another type than its control',
    how: 'takes text for a number',
    message: /\{"\w+":"\d+"\}\) was not refused/,
    change: controls((whole) => ({
      set: (values) =>
        whole.set(
          mapped(whole, values, (control, value) =>
            isNumber(control) && typeof value === 'string' ? Number(value) : value
          )
        )
    }))
  },
  {
    rule: 'refuses a control that it does not have',
    how: 'takes no notice of names that it does not know',
    message: /set\(\{"noSuchControl":1\}\) was not refused/,
    change: controls((whole) => ({
      set: (values) => whole.set(Object.fromEntries(Object.entries(values).filter(([name]) => name in whole.values())))
    }))
  },
  {
    rule: 'changes nothing when one of several values is refused',
    how: 'changes one after the other',
    message: /was changed although another value in the same set\(\) was refused/,
    change: controls((whole) => ({
      async set(values) {
        for (const [name, value] of Object.entries(values)) await whole.set({ [name]: value })
        return whole.values()
      }
    }))
  },
  {
    rule: 'goes on giving frames when settings change',
    how: 'stops giving frames when a setting changes',
    message: /was not done/,
    hangs: true,
    change: <P extends Part>(part: P) => {
      let isRunning = false
      let isSpoilt = false
      const whole = part.controls!
      return changed<Part>(part, {
        async start(run) {
          const push = (run as unknown as { push: (frame: unknown) => void }).push
          const given = {
            ...run,
            push: (frame: unknown) => {
              if (!isSpoilt) push(frame)
            }
          }
          await part.start(given)
          isRunning = true
        },
        stop() {
          isRunning = false
          isSpoilt = false
          return part.stop()
        },
        controls: changed(whole, {
          set(values) {
            isSpoilt = isRunning
            return whole.set(values)
          }
        })
      }) as P
    }
  }
]

function mapped(
  { list }: Controls,
  values: Values,
  change: (control: Control | undefined, value: ControlValue) => ControlValue
): Values {
  const known = list()
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      change(
        known.find((each) => each.name === name),
        value
      )
    ])
  )
}
