/** Numbers that a window remembers. More than any network puts out of order at the rates of video: at 10 000 datagrams a second it is 0.2 s. */
const size = 2048
const words = size / 32

/** Says of each number whether it came before (RFC 4303 section 3.4.3). Older ones than 2048 below the highest count as seen. */
export class ReplayWindow {
  readonly #bits = new Uint32Array(words)
  #next = 0

  /** One above the highest number that was taken. */
  get next(): number {
    return this.#next
  }

  /** Whether `number` would be taken now. */
  isNew(number: number): boolean {
    if (number >= this.#next) return true
    if (number < this.#next - size) return false
    return (this.#bits[(number % size) >>> 5]! & (1 << (number % 32))) === 0
  }

  /** Takes `number`, which `isNew`. To be called only for what proved to be genuine. */
  take(number: number): void {
    if (number >= this.#next) {
      const from = Math.max(this.#next, number - size + 1)
      if (number - this.#next >= size) this.#bits.fill(0)
      else for (let skipped = from; skipped < number; skipped++) this.#clear(skipped)
      this.#next = number + 1
    }
    this.#bits[(number % size) >>> 5]! |= 1 << (number % 32)
  }

  #clear(number: number): void {
    this.#bits[(number % size) >>> 5]! &= ~(1 << (number % 32))
  }
}
