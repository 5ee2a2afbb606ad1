/**
 * The pickle of a one-dimensional numpy `uint8` array, written as a head and a tail around bytes that stay where they are.
 *
 * ```ts
 * import { pickleHead, pickleTail } from '@streamer/numpy-pickle'
 *
 * file.write(Buffer.concat([pickleHead(jpeg.length), jpeg, pickleTail]))
 * ```
 * Python then has `pickle.loads(data)`, equal to `numpy.frombuffer(jpeg, numpy.uint8)` but writable.
 * Nothing here reads a pickle, and nothing should: loading one runs whatever code it names.
 * @packageDocumentation
 */
export { maxPickledBytes, pickledLength, pickleHead, pickleHeadLength, pickleTail } from './pickle.js'
