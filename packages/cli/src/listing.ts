import { isSecretName, withoutSecrets } from '@streamer/core'

/** Rows with columns that begin below each other; the last column is not padded. */
export function aligned(rows: ReadonlyArray<readonly string[]>, indent = ''): string[] {
  const widths: number[] = []
  for (const row of rows)
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length)
  return rows.map((row) =>
    `${indent}${row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('  ')}`.trimEnd()
  )
}

/** A value of the configuration on one line: text bare, everything else as JSON. */
export function valueOnOneLine(value: unknown): string {
  return typeof value === 'string' && value !== '' && !/[\n\r]/.test(value)
    ? value
    : (JSON.stringify(value) ?? String(value))
}

/** The same for others to see: without what its name or its form tells to be a secret. */
export function shownValue(name: string, value: unknown): string {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    // Secrets by the names of those who have them: `keys`.
    const single = name.replace(/s$/, '')
    const hidden = (one: unknown) => (shownValue(single, one) === '***' ? '***' : one)
    const entries = Object.entries(value).map(([whose, one]): [string, unknown] => [whose, hidden(one)])
    return withoutSecrets(valueOnOneLine(Object.fromEntries(entries)))
  }
  const isSecret = (typeof value === 'string' || typeof value === 'number') && isSecretName(name)
  return isSecret ? '***' : withoutSecrets(valueOnOneLine(value))
}

/** Prints lines to stdout. */
export function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`)
}
