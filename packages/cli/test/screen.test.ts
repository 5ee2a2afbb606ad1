import { describe, expect, it } from 'vitest'
import { Screen } from '../src/screen.js'

/** Stands in for a terminal that does not wrap: rows of text, with the few sequences that the screen uses. */
class StandInTerminal {
  columns: number
  readonly writable = true
  #rows = ['']
  #row = 0

  constructor(columns: number) {
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
})
