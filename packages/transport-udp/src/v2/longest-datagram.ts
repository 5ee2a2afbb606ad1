/** Passes nearly everywhere (RFC 9000 section 14). Bytes, of UDP payload. */
export const safeDatagram = 1200
/** Worth a try: Ethernet over IPv6, and what is left of it in most tunnels. */
const candidates = [1452, 1400]
/** When to try, after the connection is there or the way has changed. Milliseconds. */
const triesMs = [0, 500, 2000, 8000]
/** So many reports with hardly anything received, and the long ones are to blame. */
const patience = 3

/** How long the datagrams to one client may be: found out by sending longer ones, as its reports tell whether they arrived. */
export class LongestDatagram {
  readonly #most: number
  #length = safeDatagram
  #sinceMs: number
  #tries = 0
  #badReports = 0

  /** @param most that client and server want. */
  constructor(most: number, nowMs: number) {
    this.#most = most
    this.#sinceMs = nowMs
    this.#length = Math.min(most, safeDatagram)
  }

  /** Bytes of UDP payload. */
  get length(): number {
    return this.#length
  }

  /** Lengths of the probes to send now; mostly none. */
  due(nowMs: number): readonly number[] {
    const wanted = candidates.filter((length) => length <= this.#most && length > this.#length)
    const at = triesMs[this.#tries]
    if (wanted.length === 0 || at === undefined || nowMs - this.#sinceMs < at) return []
    this.#tries++
    return wanted
  }

  /** Takes the length of the longest datagram that came since the last report. One that was never sent is nobody's. */
  confirm(longest: number): void {
    if (this.#tries === 0) return
    const found = candidates.find((length) => length <= longest && length <= this.#most)
    if (found !== undefined && found > this.#length) this.#length = found
  }

  /** Takes what became of the datagrams since the last report. */
  judge(expected: number, received: number, nowMs: number): void {
    this.#badReports = expected >= 5 && received * 4 < expected ? this.#badReports + 1 : 0
    if (this.#badReports >= patience && this.#length > safeDatagram) this.reset(nowMs)
  }

  /** The way is another one. What reports say of earlier times counts no more until a probe has gone out, a second from now. */
  reset(nowMs: number): void {
    this.#length = Math.min(this.#most, safeDatagram)
    this.#sinceMs = nowMs + 1000
    this.#tries = 0
    this.#badReports = 0
  }
}
