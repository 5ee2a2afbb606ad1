import { StreamerError } from './errors.js'

/** What a control can be set to. */
export type ControlValue = number | boolean | string

/** One setting that can change while the part runs, with the range that this very part offers. */
export type Control = {
  /** camelCase, stable: `quality`, `exposureTimeUs`. */
  readonly name: string
  readonly description: string
  readonly unit?: string
} & (
  | {
      readonly type: 'integer' | 'number'
      readonly minimum: number
      readonly maximum: number
      readonly default: number
    }
  | { readonly type: 'boolean'; readonly default: boolean }
  | { readonly type: 'enum'; readonly values: readonly string[]; readonly default: string }
)

/** The live settings of a source or an encoder. */
export interface Controls {
  list(): readonly Control[]
  /** The values in force. */
  values(): Readonly<Record<string, ControlValue>>
  /**
   * Changes some of them, all or none.
   * @returns the values in force after the change.
   * @throws StreamerError `ERR_CONTROL_INVALID` for an unknown name, a wrong type or a value out of range; nothing is changed then.
   */
  set(values: Readonly<Record<string, ControlValue>>): Promise<Readonly<Record<string, ControlValue>>>
}

/**
 * Checks values before they are set: every name, type and range.
 * @param part who refuses, for the message: `encoder-jpeg`.
 * @throws StreamerError `ERR_CONTROL_INVALID` with what would be right.
 */
export function checkControls(
  part: string,
  controls: readonly Control[],
  values: Readonly<Record<string, ControlValue>>
): void {
  for (const [name, value] of Object.entries(values)) {
    const control = controls.find((candidate) => candidate.name === name)
    if (!control) {
      const names = controls.map((known) => known.name).join(', ')
      throw new StreamerError('ERR_CONTROL_INVALID', `${part}: there is no control "${name}", only ${names}`)
    }
    const needed = neededFor(control, value)
    if (needed === undefined) continue
    const message = `${part}: cannot set ${name} to ${JSON.stringify(value)}: ${needed} is needed`
    throw new StreamerError('ERR_CONTROL_INVALID', message)
  }
}

/** What would be right, or undefined when `value` is. */
function neededFor(control: Control, value: ControlValue): string | undefined {
  if (control.type === 'enum') {
    return control.values.includes(value as string) ? undefined : `one of ${control.values.join(', ')}`
  }
  if (control.type === 'boolean') return typeof value === 'boolean' ? undefined : 'true or false'
  const { minimum, maximum, type } = control
  const fits = typeof value === 'number' && value >= minimum && value <= maximum
  if (fits && (type === 'number' || Number.isInteger(value))) return undefined
  return `a ${type === 'integer' ? 'whole number' : 'number'} from ${minimum} to ${maximum}`
}
