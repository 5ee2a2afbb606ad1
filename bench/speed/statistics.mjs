/** Few numbers of several rounds, in short. */

/** @param values any order. Returns undefined for none. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? sorted[middle]
    : sorted.length === 0
      ? undefined
      : (sorted[middle - 1] + sorted[middle]) / 2
}

/** @returns `{ median, least, most, values }`; the median is undefined for no values. */
export function summary(values) {
  return { median: median(values), least: Math.min(...values), most: Math.max(...values), values }
}

/** Three digits that count: 12345, 123, 12.3, 1.23, 0.123. */
export function shortNumber(value) {
  if (value === undefined || !Number.isFinite(value)) return '-'
  if (value === 0) return '0'
  const size = Math.abs(value)
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3)
}
