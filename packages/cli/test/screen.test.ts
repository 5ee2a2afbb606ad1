import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { Screen } from '../src/screen.js'

/** Stands in for a terminal that does not wrap: rows of text, with the few sequences that the screen uses. */
class StandInTerminal extends EventEmitter {
  columns: number
  readonly writable = true
  /** Bytes that nobody has read yet. */
  writableLength = 0
  #rows = ['']
  #row = 0

  constructor(columns: number) {
    super()
    this.columns = columns
  }

  write(text: string): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals are controlled by them
    for (const [token] of text.matchAll(/\x1b\[J|\x1b\[\d+A|[\r\n]|[^\x1b\r\n]+/g)) {
      if (token === '\n') this.#rows[++this.#row] ??= ''
      else if (token === '\x1b[J') this.#rows.splice(this.#row, Number.POSITIVE_INFINITY, '')
      else if (token.endsWith('A')) this.#row -= Number(token.slice(2, -1))
      else if (token !== '\r') this.#rows[this.#row] += token
    }
  }

  get rows(): readonly string[] {
    return this.#rows
  }
}

function screenOf(columns: number) {
  const terminal = new StandInTerminal(columns)
  return { terminal, screen: new Screen(terminal as unknown as NodeJS.WriteStream) }
}

describe('the screen', () => {
  it('writes the status anew in its place', () => {
    const { terminal, screen } = screenOf(40)
    screen.status('one')
    screen.status('two')
    expect(terminal.rows).toEqual(['two'])
  })

  it('lets log lines scroll above the status', () => {
    const { terminal, screen } = screenOf(40)
    screen.write('first\n')
    screen.status('status')
    screen.write('second\nthird\n')
    expect(terminal.rows).toEqual(['first', 'second', 'third', 'status'])
  })

  it('cuts the status before the last column', () => {
    const { terminal, screen } = screenOf(10)
    screen.status('0123456789abc')
    expect(terminal.rows).toEqual(['012345678'])
  })

  it('shows more of the status when the window becomes wider', () => {
    const { terminal, screen } = screenOf(5)
    screen.status('0123456789')
    terminal.columns = 40
    screen.write('line\n')
    expect(terminal.rows).toEqual(['line', '0123456789'])
  })

  it('leaves no status behind', () => {
    const { terminal, screen } = screenOf(40)
    screen.status('status')
    screen.close()
    screen.write('end\n')
    expect(terminal.rows).toEqual(['end', ''])
  })

  it('skips the status while something waits for a reader', () => {
    const { terminal, screen } = screenOf(40)
    screen.status('one')
    terminal.writableLength = 1
    screen.status('two')
    expect(terminal.rows).toEqual(['one'])
    screen.write('line\n')
    expect(terminal.rows).toEqual(['line', 'one'])
  })

  it('leaves out lines above 1 MiB, all of them until the reader has caught up, and tells how many', () => {
    const { terminal, screen } = screenOf(40)
    screen.onLeftOut((lines) => screen.write(`${lines} left out\n`))
    screen.write('first\n')
    terminal.writableLength = 2 ** 20 + 1
    screen.write('second\nthird\n')
    terminal.writableLength = 2 ** 19
    screen.write('fourth\n')
    terminal.writableLength = 0
    terminal.emit('drain')
    terminal.emit('drain')
    screen.write('fifth\n')
    expect(terminal.rows).toEqual(['first', '3 left out', 'fifth', ''])
  })
})
