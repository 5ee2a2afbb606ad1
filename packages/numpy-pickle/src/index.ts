/**
 * The pickle of a one-dimensional numpy `uint8` array, written as a head and a tail around bytes that stay where they are.
 *
 * ```ts
 * import { pickleHead, pickleTail } from '@streamer/numpy-pickle'
 *
 * file.write(Buffer.concat([pickleHead(jpeg.length), jpeg, pickleTail]))
 * ```
 * Python then has `pickle.loads(data)`, equal to `numpy.frombuffer(jpeg, numpy.uint8)` but writable.
 *
 * The way back finds the data by its place. Nothing here loads a pickle, and nothing should: that runs whatever code it names.
 *
 * ```ts
 * const jpeg = pickledJpeg(payload)
 * ```
 * @packageDocumentation
 */
export { maxPickledBytes, pickledLength, pickleHead, pickleHeadLength, pickleTail } from './pickle.js'
export { pickledData, pickledJpeg } from './read.js'
