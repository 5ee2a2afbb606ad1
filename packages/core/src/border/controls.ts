import { type Control, type Controls, type ControlValue, type ErrorCode, toStreamerError } from '../plugin/index.js'
import type { Border } from './border.js'

type Values = Readonly<Record<string, ControlValue>>

/** The live settings of a plugin's part, without what is none: reading them never throws. */
export class GuardedControls implements Controls {
  readonly #controls: Controls
  readonly #border: Border
  readonly #code: ErrorCode

  /** @param code of the error for whatever `set` throws that is no `StreamerError`. */
  constructor(controls: Controls, border: Border, code: ErrorCode) {
    this.#controls = controls
    this.#border = border
    this.#code = code
  }

  list(): readonly Control[] {
    const list = this.#border.attempt('controls.list', () => this.#controls.list())
    if (!Array.isArray(list)) {
      if (list !== undefined) this.#border.tell('gave no list of controls')
      return []
    }
    return list.filter((control) => isControl(control) || this.#refuse('a control that is none'))
  }

  values(): Values {
    const values = this.#border.attempt('controls.values', () => this.#controls.values())
    return this.#valid(values ?? {})
  }

  /** @throws StreamerError, whatever the plugin throws. */
  async set(values: Values): Promise<Values> {
    try {
      return this.#valid(await this.#border.run('controls.set', async () => this.#controls.set(values)))
    } catch (error) {
      throw toStreamerError(error, this.#code, `${this.#border.who} cannot set ${Object.keys(values).join(', ')}`)
    }
  }

  #valid(values: unknown): Values {
    const entries = this.#border.attempt('controls.values', () => Object.entries(Object(values) as object)) ?? []
    const valid = entries.filter(
      ([, value]) => isControlValue(value) || this.#refuse('a value of a control that is none')
    )
    return Object.fromEntries(valid) as Values
  }

  #refuse(what: string): false {
    this.#border.tell(`gave ${what}`)
    return false
  }
}

/** The controls that a part has at a time, guarded. */
export class ControlsOf {
  readonly #part: { readonly controls?: Controls | undefined }
  readonly #border: Border
  readonly #code: ErrorCode
  #controls: unknown
  #guarded: GuardedControls | undefined

  constructor(part: { readonly controls?: Controls | undefined }, border: Border, code: ErrorCode) {
    this.#part = part
    this.#border = border
    this.#code = code
  }

  /** Undefined when the part has none, or when looking at them throws. */
  get current(): GuardedControls | undefined {
    const controls: unknown = this.#border.attempt('controls', () => this.#part.controls)
    if (controls !== this.#controls) {
      this.#controls = controls
      this.#guarded = this.#guard(controls)
    }
    return this.#guarded
  }

  #guard(controls: unknown): GuardedControls | undefined {
    const isComplete = this.#border.attempt('controls', () => {
      const { list, values, set } = Object(controls) as Partial<Controls>
      return [list, values, set].every((method) => typeof method === 'function')
    })
    if (isComplete) return new GuardedControls(controls as Controls, this.#border, this.#code)
    if (controls !== undefined) this.#border.tell('has controls without list, values and set; they are left out')
    return undefined
  }
}

function isControlValue(value: unknown): value is ControlValue {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
}

function isControl(value: unknown): value is Control {
  try {
    if (typeof value !== 'object' || value === null) return false
    const control = value as Record<string, unknown>
    if (typeof control.name !== 'string' || typeof control.description !== 'string') return false
    switch (control.type) {
      case 'integer':
      case 'number':
        return [control.minimum, control.maximum, control.default].every(Number.isFinite)
      case 'boolean':
        return typeof control.default === 'boolean'
      case 'enum':
        return Array.isArray(control.values) && control.values.every((item) => typeof item === 'string')
      default:
        return false
    }
  } catch {
    return false
  }
}
