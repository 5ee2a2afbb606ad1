import { systemClock } from './clock.js'
import { checkOptions, type ReceiveOptions } from './options.js'
import { Receiver } from './receiver.js'
import { connectorOf } from './schemes.js'

/**
 * Receives a stream.
 *
 * ```ts
 * for await (const frame of receive('udp://raspberrypi.local:9999/front')) await show(frame.data)
 * ```
 * @param url `http://host:port/stream.mjpg`, `https:`, `tcp://host:port/name`, `tcps:` or `udp://host:port/name`, as the server prints them.
 * @returns frames to loop over; it connects when the first one is asked for.
 * @throws StreamerError (`ERR_RECEIVE_ADDRESS`) for an address that is none of those, TypeError for wrong options.
 */
export function receive(url: string | URL, options: ReceiveOptions = {}): Receiver {
  const checked = checkOptions(options)
  const connect = connectorOf(String(url), { ...checked, clock: systemClock })
  return new Receiver(checked, { clock: systemClock, random: Math.random, connect })
}
