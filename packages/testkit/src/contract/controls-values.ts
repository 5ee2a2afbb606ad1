import type { Control, ControlValue } from '@streamer/core/plugin'

/** What is wrong with the controls that a part lists, undefined when nothing is. */
export function listProblem(list: readonly Control[]): string | undefined {
  if (!Array.isArray(list)) return 'list() gave no list of controls'
  const names = new Set<unknown>()
  for (const control of list as readonly Control[]) {
    if (names.has(control.name)) return `there are two controls with the name ${control.name}`
    names.add(control.name)
    const problem = controlProblem(control)
    if (problem) return `the control ${control.name} ${problem}`
  }
  return undefined
}

function controlProblem(control: Control): string | undefined {
  const { name, description } = control
  if (typeof name !== 'string' || !/^[a-z][A-Za-z0-9]*$/.test(name)) return 'has a name that is not camelCase'
  if (typeof description !== 'string' || description.trim() === '') return 'has no description'
  if (control.type === 'enum') {
    const { values } = control
    const isList = Array.isArray(values) && values.length > 0 && values.every((value) => typeof value === 'string')
    if (!isList || new Set(values).size < values.length) return 'has no list of different values'
  } else if (control.type === 'integer' || control.type === 'number') {
    const { minimum, maximum } = control
    if (!Number.isFinite(minimum) || !Number.isFinite(maximum) || minimum > maximum) {
      return `has a range from ${minimum} to ${maximum}`
    }
  } else if (control.type !== 'boolean') return `is of the type ${(control as Control).type}, which there is not`
  const problem = valueProblem(control, control.default)
  return problem && `has a default that is not in its own range: ${problem}`
}

/** What is wrong with a value of a control. */
export function valueProblem(control: Control, value: ControlValue | undefined): string | undefined {
  const { name, type } = control
  if (value === undefined) return `values() has nothing for ${name}`
  const said = `${name} is ${JSON.stringify(value)}`
  if (type === 'boolean') return typeof value === 'boolean' ? undefined : `${said}, neither true nor false`
  if (type === 'enum') return control.values.includes(value as string) ? undefined : `${said}, not one of its values`
  if (typeof value !== 'number' || !Number.isFinite(value)) return `${said}, no number`
  if (type === 'integer' && !Number.isInteger(value)) return `${said}, no whole number`
  const { minimum, maximum } = control
  return value >= minimum && value <= maximum ? undefined : `${said}, not in ${minimum} to ${maximum}`
}

/** What is wrong with the value that is in force after `set`; a device rounds numbers to what it has. */
export function settingProblem(control: Control, set: ControlValue, now: ControlValue | undefined): string | undefined {
  const isNumber = control.type === 'number' || control.type === 'integer'
  if (isNumber || now === set) return valueProblem(control, now)
  return `${control.name} was set to ${JSON.stringify(set)}, and is ${JSON.stringify(now)} after that`
}

/** Every value, or the ends of the range. */
export function endsOf(control: Control): readonly ControlValue[] {
  if (control.type === 'boolean') return [false, true]
  return control.type === 'enum' ? control.values : [control.minimum, control.maximum]
}

/** Another value than this one, not far from it; undefined where there is no other. */
export function changed(control: Control, value: ControlValue): ControlValue | undefined {
  if (control.type === 'boolean') return !value
  if (control.type === 'enum') return control.values.find((other) => other !== value)
  const { minimum, maximum, type } = control
  const end = value === maximum ? minimum : maximum
  const between = ((value as number) + end) / 2
  const other = type === 'number' ? between : value === maximum ? Math.floor(between) : Math.ceil(between)
  return other === value ? undefined : other
}

/** Values of the right type that a control does not have. */
export function outOfRange(control: Control): readonly ControlValue[] {
  if (control.type === 'boolean') return []
  if (control.type === 'enum') return ['noSuchValue']
  const { minimum, maximum } = control
  // Beyond 2^53 a step of 1 is none.
  return [minimum - Math.max(1, Math.abs(minimum)), maximum + Math.max(1, Math.abs(maximum))]
}

/** Values of other types, as they can come out of JSON, and what arithmetic makes of them. */
export function wrongTypes(control: Control): readonly unknown[] {
  if (control.type === 'boolean') return ['true', 1, null]
  if (control.type === 'enum') return [0, true, null]
  const { minimum, maximum, type } = control
  const fraction = type === 'integer' && maximum > minimum ? [minimum + 0.5] : []
  return [String(minimum), true, null, Number.NaN, ...fraction]
}
