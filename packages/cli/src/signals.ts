import { constants } from 'node:os'
import { dieBy, isPoolBusy } from './ending.js'

const handled = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Ctrl-C under npm can arrive twice, from the terminal and passed on by npm (where `sh` puts the command in its own place, as bash does). */
const samePressMs = 250

/**
 * Waits for the first signal to stop; a second one ends the process at once. Until `release` the process stays, even when every transport is
 * down and nothing else holds it; signals are heard until it has ended, so that one that comes twice does not kill it on its way out.
 * @param beforeExit puts the terminal in order.
 * @param instead takes away the handlers that were there before, once these are: when a signal has none for a moment, Node forgets one that came and was not told yet.
 */
export function stopSignal(
  beforeExit: () => void,
  instead: () => void = () => {}
): { readonly received: Promise<NodeJS.Signals>; release(): void } {
  let firstMs: number | undefined
  let received: (signal: NodeJS.Signals) => void = () => {}
  const onSignal = (signal: NodeJS.Signals) => {
    if (firstMs === undefined) {
      firstMs = performance.now()
      received(signal)
    } else if (performance.now() - firstMs > samePressMs) {
      beforeExit()
      if (isPoolBusy()) dieBy(signal)
      process.exit(128 + constants.signals[signal])
    }
  }
  const promise = new Promise<NodeJS.Signals>((resolve) => {
    received = resolve
  })
  for (const signal of handled) process.on(signal, onSignal)
  instead()
  const hold = setInterval(() => {}, 2 ** 30)
  return {
    received: promise,
    release: () => clearInterval(hold)
  }
}

/**
 * Until there is something to stop, a signal ends the process at once, with exit code 0 as it would later.
 * @returns takes the handlers away.
 */
export function exitOnSignal(): () => void {
  const end = () => process.exit(0)
  for (const signal of handled) process.once(signal, end)
  return () => {
    for (const signal of handled) process.off(signal, end)
  }
}
