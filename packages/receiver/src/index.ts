/**
 * The other end of a stream: whole JPEGs in order, over HTTP, TCP and UDP, with reconnection and statistics.
 *
 * ```ts
 * import { receive } from '@streamer/receiver'
 *
 * for await (const frame of receive('udp://raspberrypi.local:9999/front')) console.log(frame.data.length)
 * ```
 * @packageDocumentation
 */
export type { TlsOptions } from './connection.js'
export type { ReceivedFrame } from './frame.js'
export type { ReceiveOptions } from './options.js'
export { receive } from './receive.js'
export type { Receiver } from './receiver.js'
export type { ReceiverState, ReceiverStats } from './statistics.js'
