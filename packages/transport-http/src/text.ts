/** In quotes, control characters escaped, of bearable length. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text)
}

/** The query of a request target with its `?`, for an address that it goes on to; empty without one. */
export function queryOf(target: string): string {
  const mark = target.indexOf('?')
  return mark < 0 ? '' : target.slice(mark)
}

/** The path of a request target, without scheme, host and query. A `#`, which no client sends, is a character as in `resolveRoute`: whoever checks a request must see what is answered. */
export function pathOf(target: string): string {
  return target.replace(/^https?:\/\/[^/?#]*/i, '').replace(/\?.*$/, '')
}
