/** Memory for datagrams that are made and sent at once. One for all sessions: what the kernel has copied when a call returns needs no memory of its own. */
export class Scratch {
  #memory = Buffer.alloc(0)

  /** So many bytes, of any content. They are the caller's until the next call of `take`, or for good when it calls `keep` before. */
  take(length: number): Buffer {
    if (this.#memory.length < length) this.#memory = Buffer.allocUnsafe(length)
    return this.#memory.subarray(0, length)
  }

  /** What was taken last is not given again: it has not been sent yet. */
  keep(): void {
    this.#memory = Buffer.alloc(0)
  }
}
