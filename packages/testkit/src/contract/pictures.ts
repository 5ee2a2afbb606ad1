import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Bytes that begin and end as a JPEG does and are different for each number; nothing between looks like a marker.
 * @param size in bytes, 4 or more.
 */
export function picture(number: number, size: number): Buffer {
  const data = Buffer.allocUnsafeSlow(size)
  for (let at = 2; at < size - 2; at++) data[at] = (number * 31 + at * 7 + (at >> 8)) & 0x7f
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
