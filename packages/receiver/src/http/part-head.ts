/** The Content-Length in the head of a part; undefined when there is none, or it is no number. */
export function contentLength(head: string): number | undefined {
  const length = Number(/^content-length:[ \t]*(\d{1,15})[ \t]*\r?$/im.exec(head)?.[1] ?? Number.NaN)
  return Number.isSafeInteger(length) ? length : undefined
}

/** `X-Timestamp`, seconds since 1970 with a fraction, in whole microseconds; undefined when there is none. */
export function captureTimeUs(head: string): number | undefined {
  const text = /^x-timestamp:[ \t]*(\d{1,10}(?:\.\d{1,9})?)[ \t]*\r?$/im.exec(head)?.[1]
  return text === undefined ? undefined : Math.round(Number(text) * 1e6)
}

/** The boundary in a Content-Type; undefined when there is none. */
export function boundaryOf(contentType: string): string | undefined {
  const match = /;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType)
  return match?.[1] ?? match?.[2]
}
