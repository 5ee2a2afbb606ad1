import { type Control, type Controls, type ControlValue, StreamerError } from './plugin/index.js'

/** The controls of several parts as one set; of two with the same name the earlier part's counts. */
export class MergedControls implements Controls {
  readonly #current: () => readonly Controls[]

  /** @param current the parts that count now. */
  constructor(current: () => readonly Controls[]) {
    this.#current = current
  }

  get #parts(): readonly Controls[] {
    return this.#current()
  }

  list(): readonly Control[] {
    const seen = new Set<string>()
    return this.#parts.flatMap((part) =>
      part.list().filter(({ name }) => {
        if (seen.has(name)) return false
        seen.add(name)
        return true
      })
    )
  }

  values(): Readonly<Record<string, ControlValue>> {
    return Object.assign({}, ...this.#parts.map((part) => part.values()).reverse())
  }

  /** All or none: when a later part refuses, what an earlier one took is set back. */
  async set(values: Readonly<Record<string, ControlValue>>): Promise<Readonly<Record<string, ControlValue>>> {
    const shares = new Map<Controls, Record<string, ControlValue>>()
    for (const [name, value] of Object.entries(values)) {
      const owner = this.#parts.find((part) => part.list().some((control) => control.name === name))
      if (!owner) {
        const known = this.list().map((control) => control.name)
        const others = known.length > 0 ? `there are: ${known.join(', ')}` : 'there are none'
        throw new StreamerError('ERR_CONTROL_INVALID', `no control is named "${name}"; ${others}`)
      }
      const share = shares.get(owner) ?? {}
      share[name] = value
      shares.set(owner, share)
    }
    const undo: Array<() => Promise<unknown>> = []
    try {
      for (const [part, share] of shares) {
        const before = part.values()
        await part.set(share)
        const old: Record<string, ControlValue> = {}
        for (const name of Object.keys(share)) if (before[name] !== undefined) old[name] = before[name]
        undo.push(() => part.set(old))
      }
    } catch (error) {
      // What went wrong first is what counts.
      for (const step of undo) await step().catch(() => {})
      throw error
    }
    return this.values()
  }
}
