import { shown } from './border/shown.js'
import type { SubscribeOptions } from './plugin/index.js'

/** Subscriptions that one transport can have open to one stream; twice as many as the clients that ours can be told to take. */
export const maxSubscriptions = 20_000

/** @throws TypeError for what is a mistake in a transport, where that transport can see it. */
export function checkSubscribeOptions(options: SubscribeOptions): void {
  const { label, maxFramerate, maxAgeMs, onFrame, onClose } = options
  if (typeof label !== 'string') throw new TypeError(`label must be text, not ${shown(label)}`)
  if (typeof onFrame !== 'function') throw new TypeError(`onFrame must be a function, not ${shown(onFrame)}`)
  if (onClose !== undefined && typeof onClose !== 'function')
    throw new TypeError(`onClose must be a function, not ${shown(onClose)}`)
  if (maxFramerate !== undefined && !(maxFramerate > 0)) throw new TypeError('maxFramerate must be above 0')
  if (maxAgeMs !== undefined && !(maxAgeMs >= 0)) throw new TypeError('maxAgeMs must be 0 or more')
}
