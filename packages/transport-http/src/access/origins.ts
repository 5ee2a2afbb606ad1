/** Whose pages may read what is served here, beside our own: the option `corsOrigin`. */
export class Origins {
  readonly #all: ReadonlySet<string>

  /** @param option one origin, several, or `*` for any; none when undefined. */
  constructor(option: string | readonly string[] | undefined) {
    this.#all = new Set(typeof option === 'string' ? [option] : option)
  }

  /** Anybody's may, which is not to say that anybody's may write. */
  get isAny(): boolean {
    return this.#all.has('*')
  }

  /** Whether this very origin was named. */
  has(origin: string | undefined): boolean {
    return origin !== undefined && origin !== '*' && this.#all.has(origin)
  }

  get isEmpty(): boolean {
    return this.#all.size === 0
  }

  /** All of them, for a list in a header; `*` alone when anybody's may. */
  get list(): readonly string[] {
    return this.isAny ? ['*'] : [...this.#all]
  }

  /**
   * What `Access-Control-Allow-Origin` says to a request: one origin, for the header takes no list; undefined when nothing is to be said. Where several are named
   * the answer depends on who asks, which caches must be told (`Vary: Origin`).
   */
  headerFor(origin: string | undefined): string | undefined {
    if (this.isAny) return '*'
    if (this.#all.size === 1) return [...this.#all][0]
    return this.has(origin) ? origin : undefined
  }

  get varies(): boolean {
    return !this.isAny && this.#all.size > 1
  }
}
