/**
 * Cuts a stream of JPEGs, one behind the other, into whole ones, by walking their segments.
 *
 * ```ts
 * import { JpegSplitter } from '@streamer/jpeg-splitter'
 *
 * const splitter = new JpegSplitter({
 *   onJpeg: (data, width, height) => console.log(`${width}x${height} in ${data.length} bytes`)
 * })
 * process.stdin.on('data', (chunk) => splitter.push(chunk))
 * process.stdin.on('end', () => splitter.end())
 * ```
 * @packageDocumentation
 */
export {
  defaultMaxFrameBytes,
  JpegSplitter,
  type JpegSplitterOptions,
  noCounts,
  type SplitterCounters
} from './splitter.js'
