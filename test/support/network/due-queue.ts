interface Entry<T> {
  readonly dueMs: number
  /** Keeps those that are due together in order. */
  readonly order: number
  readonly item: T
}

/** Things with a time, the earliest first; of those with the same time the one that came first. A binary heap. */
export class DueQueue<T> {
  readonly #heap: Entry<T>[] = []
  #order = 0

  get size(): number {
    return this.#heap.length
  }

  /** When the first is due; undefined when there is none. */
  get dueMs(): number | undefined {
    return this.#heap[0]?.dueMs
  }

  add(dueMs: number, item: T): void {
    const heap = this.#heap
    const entry = { dueMs, order: this.#order++, item }
    let at = heap.length
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(entry, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = entry
  }

  /** Removes the first and returns it, if it is due at `nowMs`. */
  take(nowMs: number): T | undefined {
    const heap = this.#heap
    const first = heap[0]
    if (first === undefined || first.dueMs > nowMs) return undefined
    const last = heap.pop()!
    if (heap.length > 0) this.#sink(last)
    return first.item
  }

  clear(): void {
    this.#heap.length = 0
  }

  /** Puts an entry into the place of the first, and from there to where it belongs. */
  #sink(entry: Entry<T>): void {
    const heap = this.#heap
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, entry)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = entry
  }
}

function isBefore(some: Entry<unknown>, other: Entry<unknown>): boolean {
  return some.dueMs < other.dueMs || (some.dueMs === other.dueMs && some.order < other.order)
}
