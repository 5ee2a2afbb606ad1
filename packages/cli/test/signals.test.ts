import { afterEach, describe, expect, it } from 'vitest'
import { exitOnSignal, stopSignal } from '../src/signals.js'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Those of the test runner stay. */
const before = new Map(signals.map((signal) => [signal, new Set(process.listeners(signal))]))

afterEach(() => {
  for (const signal of signals)
    for (const listener of process.listeners(signal))
      if (!before.get(signal)?.has(listener)) process.off(signal, listener)
})

describe('signals', () => {
  it('are heard until the process has ended, so that one that comes twice does not kill it on its way out', async () => {
    const stop = stopSignal(() => {})
    process.kill(process.pid, 'SIGHUP')
    expect(await stop.received).toBe('SIGHUP')
    stop.release()
    for (const signal of signals) expect(process.listenerCount(signal)).toBe((before.get(signal)?.size ?? 0) + 1)
  })

  it('that came while the program was loading stop it, though it is told of them only afterwards', async () => {
    const nothingToStop = exitOnSignal()
    process.kill(process.pid, 'SIGHUP')
    const stop = stopSignal(() => {}, nothingToStop)
    expect(await stop.received).toBe('SIGHUP')
    stop.release()
  })
})
