/** How bad something is: a `problem` keeps the plugin from being used or from what it promises, a `warning` will surprise somebody, a `hint` is a nicety. */
export type Level = 'problem' | 'warning' | 'hint'

/** One thing that is wrong with a plugin. */
export interface Finding {
  readonly level: Level
  /** What it is about: `export`, `options`, `create`, `supports`, `package`. */
  readonly subject: string
  readonly message: string
  /** What helps. */
  readonly remedy?: string
}

/** Gathers findings of one subject. */
export class Findings {
  readonly #subject: string
  readonly #list: Finding[]

  /** @param list where they go. */
  constructor(subject: string, list: Finding[]) {
    this.#subject = subject
    this.#list = list
  }

  problem(message: string, remedy?: string): void {
    this.#add('problem', message, remedy)
  }

  warning(message: string, remedy?: string): void {
    this.#add('warning', message, remedy)
  }

  hint(message: string, remedy?: string): void {
    this.#add('hint', message, remedy)
  }

  #add(level: Level, message: string, remedy: string | undefined): void {
    const oneLine = message.replace(/\s*\n\s*/g, ' ')
    this.#list.push({ level, subject: this.#subject, message: oneLine, ...(remedy !== undefined && { remedy }) })
  }
}
