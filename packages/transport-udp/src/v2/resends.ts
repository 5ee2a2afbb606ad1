/** A shard is sent again so often. */
const maxTries = 3
/** Of what is sent anyway, so much may be spent on sending again. */
const share = 0.25
/** So much may be saved up. Bytes. */
const most = 128 * 1024
/** Frames whose resends are counted. */
const maxFrames = 64

/** What one client may have sent again. */
export class ResendBudget {
  #bytes = most / 4
  /** How often each shard was sent again, by frame. */
  readonly #tries = new Map<number, Uint8Array>()

  /** So much was sent for the first time. */
  earn(bytes: number): void {
    this.#bytes = Math.min(most, this.#bytes + bytes * share)
  }

  /** Whether shard `index` of a frame of `count` shards may be sent again, and counts it. */
  spend(frameId: number, index: number, count: number, bytes: number): boolean {
    if (bytes > this.#bytes) return false
    let tries = this.#tries.get(frameId)
    if (tries === undefined) {
      tries = new Uint8Array(count)
      this.#tries.set(frameId, tries)
      if (this.#tries.size > maxFrames) this.#tries.delete(this.#tries.keys().next().value!)
    }
    if (index >= tries.length || tries[index]! >= maxTries) return false
    tries[index]!++
    this.#bytes -= bytes
    return true
  }
}
