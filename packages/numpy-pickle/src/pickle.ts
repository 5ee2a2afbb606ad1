/*
 * The array is made by the two public names `numpy.ndarray` and `numpy.dtype` alone. What numpy itself writes goes through a private
 * module that was renamed in numpy 2 (`numpy.core` became `numpy._core`); this form gives an equal array in either.
 * Opcodes are those of Python's `pickletools`, protocol 3: the oldest with byte strings, read by every Python 3.
 */

/** Up to the first of the two lengths: `ndarray((0,))`, then the beginning of the state `(1, (length,), dtype('u1'), False, data)`. */
const beforeShape = Buffer.from('\x80\x03cnumpy\nndarray\nK\x00\x85\x85R(K\x01J', 'latin1')
/** Between the two lengths: the shape as a tuple, the type of an element, "not in Fortran order", BINBYTES. */
const beforeData = Buffer.from('\x85cnumpy\ndtype\nX\x02\x00\x00\x00u1\x85R\x89B', 'latin1')
const lengthBytes = 4

/** Bytes of every head. */
export const pickleHeadLength: number = beforeShape.length + lengthBytes + beforeData.length + lengthBytes

/** What follows the data, the same for every array: end of the state tuple, BUILD, STOP. Not to be changed. */
export const pickleTail: Uint8Array = Buffer.from('tb.', 'latin1')

/** The longest array that can be written: the shape is a signed 32-bit integer (opcode BININT). */
export const maxPickledBytes = 0x7fff_ffff

/** Bytes of the whole pickle of an array of `length` bytes. */
export function pickledLength(length: number): number {
  return pickleHeadLength + length + pickleTail.length
}

/**
 * What stands before the data of an array of shape `(length,)` and type `uint8`.
 * @param length bytes of data, 0 to `maxPickledBytes`.
 * @returns a new array of `pickleHeadLength` bytes, the caller's own.
 * @throws RangeError when `length` is no such number.
 */
export function pickleHead(length: number): Uint8Array {
  if (!Number.isInteger(length) || length < 0 || length > maxPickledBytes) {
    throw new RangeError(`length must be an integer from 0 to ${maxPickledBytes}, not ${length}`)
  }
  const head = Buffer.allocUnsafe(pickleHeadLength)
  head.set(beforeShape)
  const at = head.writeUInt32LE(length, beforeShape.length)
  head.set(beforeData, at)
  head.writeUInt32LE(length, at + beforeData.length)
  return head
}
