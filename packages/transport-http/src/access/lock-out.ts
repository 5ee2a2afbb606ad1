/** So many wrong passwords within the window lock an address out. A person mistypes less often, and a page with an old password asks about once a second. */
const allowedFailures = 10
const windowMs = 5 * 60_000
/** Of the first lock-out; each further one is twice as long. */
const shortestMs = 60_000
const longestMs = 3_600_000
/** Addresses that are remembered, some 200 bytes each; beyond that the oldest is forgotten. */
const maxAddresses = 10_000

interface Failures {
  count: number
  sinceMs: number
  /** 0 when it was never locked out. */
  lockMs: number
  untilMs: number
}

/** Who gave wrong passwords, and until when nothing more is believed from there. */
export class LockOut {
  readonly #byAddress = new Map<string, Failures>()
  readonly #nowMs: () => number

  /** @param nowMs a clock that never jumps. */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs
  }

  /** Seconds until passwords from there are looked at again, 0 when they are. */
  waitS(address: string): number {
    const failures = this.#byAddress.get(address)
    return failures === undefined ? 0 : Math.max(0, Math.ceil((failures.untilMs - this.#nowMs()) / 1000))
  }

  /**
   * A wrong password came. A right one does not make up for it: it may be that of a viewer who tries to guess the admin's.
   * @returns whether the address is locked out from now on.
   */
  fail(address: string): boolean {
    const nowMs = this.#nowMs()
    const failures = this.#byAddress.get(address) ?? { count: 0, sinceMs: nowMs, lockMs: 0, untilMs: 0 }
    if (nowMs - failures.sinceMs > windowMs) {
      failures.count = 0
      failures.sinceMs = nowMs
    }
    if (failures.lockMs > 0 && nowMs - failures.untilMs > longestMs) failures.lockMs = 0
    // The newest stands last.
    this.#byAddress.delete(address)
    this.#byAddress.set(address, failures)
    const [oldest] = this.#byAddress.keys()
    if (this.#byAddress.size > maxAddresses && oldest !== undefined) this.#byAddress.delete(oldest)
    failures.count++
    if (failures.count < allowedFailures) return false
    failures.count = 0
    failures.lockMs = Math.min(longestMs, Math.max(shortestMs, 2 * failures.lockMs))
    failures.untilMs = nowMs + failures.lockMs
    return true
  }
}
