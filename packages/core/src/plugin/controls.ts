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
