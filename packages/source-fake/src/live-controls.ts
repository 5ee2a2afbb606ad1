import { type Control, type Controls, type ControlValue, StreamerError } from '@streamer/core/plugin'
import { type Pattern, patterns } from './config.js'

/** What can be changed while the camera runs. */
export interface LiveSettings {
  pattern: Pattern
  /** -1 to 1. */
  brightness: number
}

/** Controls that write into `settings`; what it holds now is their default. */
export function liveControls(settings: LiveSettings): Controls {
  const list: readonly Control[] = [
    {
      name: 'pattern',
      description: 'What is drawn behind the moving parts.',
      type: 'enum',
      values: patterns,
      default: settings.pattern
    },
    {
      name: 'brightness',
      description: 'Brightness of the pattern, 0 as it is.',
      type: 'number',
      minimum: -1,
      maximum: 1,
      default: settings.brightness
    }
  ]
  return {
    list: () => list,
    values: () => ({ ...settings }),
    async set(values) {
      for (const [name, value] of Object.entries(values)) checkValue(list, name, value)
      Object.assign(settings, values)
      return { ...settings }
    }
  }
}

function checkValue(controls: readonly Control[], name: string, value: ControlValue): void {
  const control = controls.find((candidate) => candidate.name === name)
  if (!control) {
    const names = controls.map((known) => known.name).join(', ')
    throw new StreamerError('ERR_CONTROL_INVALID', `source-fake: there is no control "${name}", only ${names}`)
  }
  const needed = neededFor(control, value)
  if (needed === undefined) return
  const message = `source-fake: cannot set ${name} to ${JSON.stringify(value)}: ${needed} is needed`
  throw new StreamerError('ERR_CONTROL_INVALID', message)
}

/** What would be right, or undefined when `value` is. */
function neededFor(control: Control, value: ControlValue): string | undefined {
  if (control.type === 'enum') {
    return control.values.includes(value as string) ? undefined : `one of ${control.values.join(', ')}`
  }
  if (control.type === 'boolean') return typeof value === 'boolean' ? undefined : 'true or false'
  const { minimum, maximum } = control
  const fits = typeof value === 'number' && value >= minimum && value <= maximum
  return fits ? undefined : `a number from ${minimum} to ${maximum}`
}
