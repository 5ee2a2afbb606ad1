import { describe, expect, it, vi } from 'vitest'
import { bindTo, hostPort, Lifecycle, peerLabel, type Run } from '../src/plugin/index.js'

function setUp(close: () => Promise<void> | void = () => {}) {
  const controller = new AbortController()
  const closed = vi.fn(close)
  const run: Run = { signal: controller.signal, fail() {} }
  return { lifecycle: new Lifecycle('part', closed), run, closed, abort: () => controller.abort(new Error('aborted')) }
}

describe('Lifecycle', () => {
  it('opens, closes, and opens again', async () => {
    const { lifecycle, run, closed } = setUp()
    for (let round = 1; round <= 3; round++) {
      expect(await lifecycle.start(run, async () => round)).toBe(round)
      expect(lifecycle.isRunning).toBe(true)
      await Promise.all([lifecycle.stop(), lifecycle.stop()])
      expect(lifecycle.isRunning).toBe(false)
      expect(closed).toHaveBeenCalledTimes(round)
    }
  })

  it('may be stopped without a start', async () => {
    const { lifecycle, closed } = setUp()
    await lifecycle.stop()
    await lifecycle.stop()
    expect(closed).toHaveBeenCalledTimes(2)
  })

  it('refuses a second start', async () => {
    const { lifecycle, run } = setUp()
    await lifecycle.start(run, async () => {})
    await expect(lifecycle.start(run, async () => {})).rejects.toThrow(TypeError)
  })

  it('opens nothing for a run that was aborted before', async () => {
    const { lifecycle, run, abort } = setUp()
    abort()
    const open = vi.fn()
    await expect(lifecycle.start(run, open)).rejects.toThrow('aborted')
    expect(open).not.toHaveBeenCalled()
    expect(lifecycle.isRunning).toBe(false)
  })

  it('closes what was opened when it is aborted or stopped meanwhile, and only after the opening has ended', async () => {
    for (const by of ['abort', 'stop'] as const) {
      const { lifecycle, run, closed, abort } = setUp()
      let opened = () => {}
      const starting = lifecycle.start(run, () => new Promise<void>((resolve) => (opened = resolve)))
      await new Promise(setImmediate)
      const stopping = by === 'abort' ? abort() : lifecycle.stop()
      await new Promise(setImmediate)
      expect(closed).not.toHaveBeenCalled()
      opened()
      await expect(starting).rejects.toThrow(by === 'abort' ? 'aborted' : 'part: stopped while it was starting')
      await stopping
      expect(closed).toHaveBeenCalled()
      expect(lifecycle.isRunning).toBe(false)
    }
  })

  it('closes when its run is aborted later', async () => {
    const { lifecycle, run, closed, abort } = setUp()
    await lifecycle.start(run, async () => {})
    abort()
    await lifecycle.stop()
    expect(closed).toHaveBeenCalledTimes(1)
  })

  it('closes half-opened things when opening fails, and passes the error on', async () => {
    const { lifecycle, run, closed } = setUp()
    await expect(lifecycle.start(run, () => Promise.reject(new Error('taken')))).rejects.toThrow('taken')
    expect(closed).toHaveBeenCalledTimes(1)
    expect(await lifecycle.start(run, async () => 'free')).toBe('free')
  })

  it('passes on what went wrong first, and leaves no rejection unhandled', async () => {
    const { lifecycle, run, abort } = setUp(() => Promise.reject(new Error('close failed')))
    await expect(lifecycle.start(run, () => Promise.reject(new Error('taken')))).rejects.toThrow('taken')
    await lifecycle.start(run, async () => {})
    abort()
    await new Promise(setImmediate)
    await expect(lifecycle.stop()).rejects.toThrow('close failed')
  })

  it('opens again only when the closing before has ended', async () => {
    let free = () => {}
    const { lifecycle, run } = setUp(() => new Promise<void>((resolve) => (free = resolve)))
    await lifecycle.start(run, async () => {})
    const stopping = lifecycle.stop()
    const open = vi.fn(async () => {})
    await new Promise(setImmediate)
    const starting = lifecycle.start(run, open)
    await new Promise(setImmediate)
    expect(open).not.toHaveBeenCalled()
    free()
    await Promise.all([stopping, starting])
    expect(open).toHaveBeenCalledOnce()
  })
})

describe('addresses', () => {
  it('fall back to IPv4 only for all interfaces, and only when IPv6 is lacking', async () => {
    const without = (code: string) =>
      vi.fn((address: string) =>
        address.includes(':') ? Promise.reject(Object.assign(new Error(code), { code })) : Promise.resolve(address)
      )
    expect(await bindTo('::', without('EAFNOSUPPORT'))).toBe('0.0.0.0')
    await expect(bindTo('::', without('EADDRINUSE'))).rejects.toThrow('EADDRINUSE')
    await expect(bindTo('::1', without('EAFNOSUPPORT'))).rejects.toThrow('EAFNOSUPPORT')
    expect(await bindTo('localhost', async (address) => address)).toMatch(/^(127\.0\.0\.1|::1)$/)
  })

  it('are shown as in URLs, and mapped IPv4 as IPv4', () => {
    expect(hostPort('::1', 80)).toBe('[::1]:80')
    expect(peerLabel('::ffff:10.0.0.2', 5)).toBe('10.0.0.2:5')
    expect(peerLabel('fe80::1', 5)).toBe('[fe80::1]:5')
  })
})
