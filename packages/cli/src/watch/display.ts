import type { ReceiverStats } from '@streamer/receiver'
import { colours } from '../colours.js'
import { Screen } from '../screen.js'
import { writeWithoutWaiting } from '../terminal.js'
import { statusLine, summaryLines } from './report.js'

/** How often the numbers are shown. */
const everyMs = 1000

/** What the display shows. */
export interface Shown {
  readonly stats: ReceiverStats
  /** Frames that were taken. */
  readonly frames: number
  /** Since the beginning. */
  readonly seconds: number
}

/** Tells people (or, with `json`, programs) how it goes: in a terminal a line that is written anew each second, elsewhere a line each. */
export class Display {
  readonly #stream: NodeJS.WriteStream
  readonly #isJson: boolean
  readonly #screen: Screen
  readonly #look: () => Shown
  #timer: NodeJS.Timeout | undefined
  /** Why nothing comes, when nothing does. */
  #trouble: string | undefined

  constructor(stream: NodeJS.WriteStream, isJson: boolean, look: () => Shown) {
    this.#stream = stream
    this.#isJson = isJson
    this.#look = look
    writeWithoutWaiting(stream)
    this.#screen = new Screen(stream, colours(stream).dim)
  }

  start(): void {
    this.#timer = setInterval(() => this.#show(), everyMs)
  }

  /** A sentence for people. */
  say(text: string): void {
    if (!this.#isJson) this.#screen.write(`${text}\n`)
  }

  /** The state of the connection. */
  enter(state: 'connecting' | 'receiving' | 'waiting', detail: string | undefined): void {
    const before = this.#trouble
    if (state === 'waiting') this.#trouble = detail
    if (state === 'receiving') this.#trouble = undefined
    // The same reason again and again is said once.
    if (state === 'waiting' && detail !== before) this.say(`${detail}; trying again`)
    if (state === 'receiving') this.say(`receiving over ${detail}`)
  }

  /** The sums, and no more lines after them. */
  end(): void {
    clearInterval(this.#timer)
    const { stats, frames, seconds } = this.#look()
    this.#screen.close()
    if (this.#isJson) this.#screen.write(`${JSON.stringify({ event: 'summary', seconds, ...stats, frames })}\n`)
    else this.#screen.write(`${summaryLines(stats, frames, seconds).join('\n')}\n`)
  }

  /** Takes the line away that is written anew. */
  close(): void {
    clearInterval(this.#timer)
    this.#screen.close()
  }

  #show(): void {
    const { stats, frames, seconds } = this.#look()
    if (this.#isJson) this.#screen.write(`${JSON.stringify({ event: 'second', seconds, ...stats, frames })}\n`)
    else if (this.#stream.isTTY) this.#screen.status(this.#trouble ?? statusLine(stats))
    else if (this.#trouble === undefined) this.#screen.write(`${statusLine(stats)}\n`)
  }
}
