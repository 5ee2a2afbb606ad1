/** Lets others wait for a state, without polling. */
export class Waiting {
  #wake: Array<() => void> = []

  /** Says that the state has changed. */
  changed(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }

  /** Resolves when `isSo` holds, at once or after a change. No timer is set for it, so nothing but the test's own limit ends a wait in vain. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => this.#wake.push(resolve))
  }
}
