import { type Document, isMap, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { StreamerError } from '../plugin/index.js'
import type { Path } from './problems.js'

/** A YAML (or JSON, which is YAML too) text with the place of each value. */
export class Positions {
  readonly value: unknown
  readonly #document: Document.Parsed
  readonly #lines = new LineCounter()

  /** @throws StreamerError `ERR_CONFIG_PARSE` with line and column. */
  constructor(shownPath: string, text: string) {
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false })
    const [error] = this.#document.errors
    if (error) {
      const { line, col } = this.#lines.linePos(error.pos[0])
      throw new StreamerError('ERR_CONFIG_PARSE', `${shownPath}:${line}:${col}: ${error.message}`, { cause: error })
    }
    this.value = this.#document.toJS() as unknown
  }

  /** Where the value at `path`, or the nearest thing around it, stands. */
  locate(path: Path): { line?: number; column?: number } {
    let node = this.#document.contents as Node | null
    let offset = node?.range?.[0]
    for (const key of path) {
      if (isMap(node)) {
        const pair = node.items.find((item) => String((item.key as { value?: unknown } | null)?.value) === String(key))
        if (!pair) break
        offset = (pair.key as Node).range?.[0] ?? offset
        node = pair.value as Node | null
      } else if (isSeq(node)) {
        node = (node.items[Number(key)] as Node | undefined) ?? null
        offset = node?.range?.[0] ?? offset
      } else break
    }
    if (offset === undefined) return {}
    const { line, col } = this.#lines.linePos(offset)
    return { line, column: col }
  }
}
