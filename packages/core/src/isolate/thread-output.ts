import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

/** Longer lines are cut. Characters. */
const longestLine = 2000

/** How many lines may pass: so many at once, and so many a second in the long run. What is more is left out and counted. */
export class LineBudget {
  readonly #perSecond: number
  #left: number
  #atMs = performance.now()
  #leftOut = 0

  constructor(perSecond = 200) {
    this.#perSecond = perSecond
    this.#left = perSecond * 2
  }

  /** Whether a line may pass. */
  take(): boolean {
    const nowMs = performance.now()
    this.#left = Math.min(this.#perSecond * 2, this.#left + ((nowMs - this.#atMs) * this.#perSecond) / 1000)
    this.#atMs = nowMs
    if (this.#left < 1) {
      this.#leftOut++
      return false
    }
    this.#left--
    return true
  }

  /** Lines that were left out since this was last asked. */
  takeLeftOut(): number {
    const count = this.#leftOut
    this.#leftOut = 0
    return count
  }
}

/** Gives what a thread prints to `onLine`, line by line, in bounded memory however much it prints. */
export function forwardLines(stream: Readable, onLine: (line: string) => void): void {
  const decoder = new StringDecoder('utf8')
  const budget = new LineBudget()
  let pending = ''
  const say = (line: string) => {
    if (!budget.take()) return
    const leftOut = budget.takeLeftOut()
    if (leftOut > 0) onLine(`(${leftOut} lines were left out)`)
    onLine(line.length > longestLine ? `${line.slice(0, longestLine - 1)}…` : line)
  }
  stream.on('data', (chunk: Buffer) => {
    const lines = (pending + decoder.write(chunk)).split('\n')
    pending = (lines.pop() ?? '').slice(0, longestLine + 1)
    for (const line of lines) say(line.replace(/\r$/, ''))
  })
  stream.on('end', () => {
    if (pending !== '') say(pending)
  })
}
