/** A value of anybody's, as it stands in a message: short, and without a look into objects, whose insides may throw. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > 40 ? `${value.slice(0, 39)}…` : value)
    case 'function':
      return 'a function'
    case 'symbol':
      return 'a symbol'
    case 'object':
      if (value === null) return 'null'
      return Array.isArray(value) ? 'a list' : 'an object'
    default:
      return String(value)
  }
}
