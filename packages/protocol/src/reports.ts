import { readTime, timeLength, writeTime } from './numbers.js'

/** What a client says about every 100 ms. All totals are of the connection and wrap at 2^32. */
export interface Report {
  /** The client's clock, microseconds; comes back in `clock`. */
  readonly clientTimeUs: number
  /** Highest packet number that came, lower 32 bits. */
  readonly highest: number
  /** Datagrams that came, each counted once. */
  readonly packets: number
  /** Their bytes. */
  readonly bytes: number
  /** Shortest delay of a data datagram since the last report: when it came by the client's clock less `sendUs`, lower 32 bits, microseconds. Only differences mean anything. */
  readonly minDelayUs: number
  /** The longest, likewise. Both are 0 when no data came, which `packets` shows. */
  readonly maxDelayUs: number
  /** Frames that were whole. */
  readonly framesWhole: number
  /** Frames that were given up. */
  readonly framesLost: number
  /** Longest datagram that came since the last report, bytes. */
  readonly longest: number
  /** As in the hello; it may change. Milliseconds. */
  readonly delayMs: number
  /** Milliseconds, as measured with `clock`; 0 when it is not known yet. 0 to 65535. */
  readonly roundTripMs: number
}

/** The answer to a report. */
export interface Clock {
  /** As it stood in the report. */
  readonly clientTimeUs: number
  /** When the report came, and when this was sent, microseconds of the server's monotonic clock. */
  readonly receivedUs: number
  readonly sentUs: number
  /** What the server allows itself for this client, kbit/s. */
  readonly rateKbps: number
  /** Parity in proportion to data, in thousandths. */
  readonly parityPermille: number
}

const reportLength = timeLength + 7 * 4 + 3 * 2
const clockLength = 3 * timeLength + 4 + 2

/** The body of a report. */
export function writeReport(report: Report): Buffer {
  const bytes = Buffer.allocUnsafe(reportLength)
  let at = writeTime(bytes, report.clientTimeUs, 0)
  for (const value of [
    report.highest,
    report.packets,
    report.bytes,
    report.minDelayUs,
    report.maxDelayUs,
    report.framesWhole,
    report.framesLost
  ]) {
    at = bytes.writeUInt32LE(value >>> 0, at)
  }
  at = bytes.writeUInt16LE(report.longest, at)
  at = bytes.writeUInt16LE(report.delayMs, at)
  bytes.writeUInt16LE(Math.min(0xffff, Math.ceil(report.roundTripMs)), at)
  return bytes
}

/** Reads the body of a report; undefined when it is none. What follows it is left for later versions. */
export function readReport(body: Buffer): Report | undefined {
  if (body.length < reportLength) return undefined
  const number = (index: number): number => body.readUInt32LE(timeLength + 4 * index)
  return {
    clientTimeUs: readTime(body, 0),
    highest: number(0),
    packets: number(1),
    bytes: number(2),
    minDelayUs: number(3),
    maxDelayUs: number(4),
    framesWhole: number(5),
    framesLost: number(6),
    longest: body.readUInt16LE(timeLength + 28),
    delayMs: body.readUInt16LE(timeLength + 30),
    roundTripMs: body.readUInt16LE(timeLength + 32)
  }
}

/** The body of a clock. */
export function writeClock(clock: Clock): Buffer {
  const bytes = Buffer.allocUnsafe(clockLength)
  let at = writeTime(bytes, clock.clientTimeUs, 0)
  at = writeTime(bytes, clock.receivedUs, at)
  at = writeTime(bytes, clock.sentUs, at)
  at = bytes.writeUInt32LE(Math.min(clock.rateKbps, 0xffff_ffff) >>> 0, at)
  bytes.writeUInt16LE(clock.parityPermille, at)
  return bytes
}

/** Reads the body of a clock; undefined when it is none. What follows it is left for later versions. */
export function readClock(body: Buffer): Clock | undefined {
  if (body.length < clockLength) return undefined
  return {
    clientTimeUs: readTime(body, 0),
    receivedUs: readTime(body, timeLength),
    sentUs: readTime(body, 2 * timeLength),
    rateKbps: body.readUInt32LE(3 * timeLength),
    parityPermille: body.readUInt16LE(3 * timeLength + 4)
  }
}
