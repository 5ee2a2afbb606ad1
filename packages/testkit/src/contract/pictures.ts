import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * What is between the marks of a picture, again and again: no byte of it looks like a marker. Its length is a prime, so that it repeats at none of the steps in which
 * programs cut what they send.
 */
const filling = Buffer.from(Array.from({ length: 65_521 }, (_, at) => (Math.imul(at + 1, 0x9e3779b1) >>> 25) & 0x7f))

/**
 * Bytes that begin and end as a JPEG does and are different for each number; nothing between looks like a marker.
 * @param size in bytes, 4 or more.
 */
export function picture(number: number, size: number): Buffer {
  const data = Buffer.allocUnsafeSlow(size)
  const phase = (number * 31) % filling.length
  for (let at = 2 - phase; at < size; at += filling.length) filling.copy(data, Math.max(at, 0), Math.max(-at, 0))
  data.writeUInt16BE(0xffd8, 0)
  data.writeUInt16BE(0xffd9, size - 2)
  if (size >= 10) for (let byte = 0; byte < 4; byte++) data[2 + byte] = (number >> (7 * byte)) & 0x7f
  return data
}

/** Bytes outside of the JavaScript heap that are in use, after a collection. */
export function heldBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect()
  return process.memoryUsage().external
}
