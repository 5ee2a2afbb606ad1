import { createHmac, randomBytes } from 'node:crypto'
import type { Role } from './role.js'

/** A browser shows its password with every request; so long it is not hashed again. */
const rememberedMs = 5 * 60_000
/** The oldest is forgotten for a new one: whoever knows one password can write it in many ways, each of which is remembered by itself. */
export const maxRemembered = 256

/** Credentials that were found to be right a moment ago. Only right ones, so that a wrong one never hides behind another. */
export class Remembered {
  /** Makes what is remembered worthless to whoever reads our memory later, and its order in the table unguessable. */
  readonly #key = randomBytes(32)
  readonly #entries = new Map<string, { readonly role: Role; readonly untilMs: number }>()
  readonly #nowMs: () => number

  /** @param nowMs a clock that never jumps. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** Whose they are; undefined when they have to be checked. */
  roleOf(credentials: string): Role | undefined {
    const entry = this.#entries.get(this.#nameOf(credentials))
    return entry !== undefined && this.#nowMs() < entry.untilMs ? entry.role : undefined
  }

  /** They are right. */
  add(credentials: string, role: Role): void {
    const name = this.#nameOf(credentials)
    // The newest stands last.
    this.#entries.delete(name)
    const [oldest] = this.#entries.keys()
    if (this.#entries.size >= maxRemembered && oldest !== undefined) this.#entries.delete(oldest)
    this.#entries.set(name, { role, untilMs: this.#nowMs() + rememberedMs })
  }

  #nameOf(credentials: string): string {
    return createHmac('sha256', this.#key).update(credentials).digest('base64')
  }
}
