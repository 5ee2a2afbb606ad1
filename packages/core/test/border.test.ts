import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Border } from '../src/border/border.js'
import { beginCall, endCall, roundedTime } from '../src/border/call-time.js'
import { loggable } from '../src/failure.js'
import { isStreamerError, StreamerError, TroubleLog, toStreamerError } from '../src/plugin/index.js'
import { StandInLogger } from './stand-ins.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** Blocks, as far as the clock of these tests goes. */
const block = (ms: number) => vi.advanceTimersByTime(ms)

function borderOf(name: string) {
  const logger = new StandInLogger()
  return { logger, border: new Border(`the source "${name}"`, new TroubleLog(logger), 250) }
}

describe('the time of calls', () => {
  it('is that of each call alone, not of the calls within it', () => {
    beginCall()
    block(10)
    beginCall()
    block(500)
    beginCall()
    block(20)
    expect(endCall()).toBe(20)
    block(1)
    expect(endCall()).toBe(501)
    block(30)
    expect(endCall()).toBe(40)
  })

  it('is right again after calls that were too deep to be measured', () => {
    for (let depth = 0; depth < 100; depth++) beginCall()
    block(5)
    for (let depth = 0; depth < 36; depth++) expect(endCall()).toBe(0)
    expect(endCall()).toBe(5)
    for (let depth = 0; depth < 63; depth++) expect(endCall()).toBe(0)
    beginCall()
    block(7)
    expect(endCall()).toBe(7)
  })

  it('is told in steps, so that the same trouble has the same words', () => {
    expect([251, 499, 500, 1999, 2000, 70_000].map((ms) => roundedTime(ms, 250))).toEqual([
      '0.25 s',
      '0.25 s',
      '0.5 s',
      '1 s',
      '2 s',
      '64 s'
    ])
  })
})

describe('a border', () => {
  it('tells calls that take longer than the limit, once and then with a count, and no others', async () => {
    const { border, logger } = borderOf('slow')
    border.attempt('stats', () => block(250))
    expect(logger.lines).toEqual([])
    for (let time = 0; time < 3; time++) border.attempt('stats', () => block(300))
    await border.run('start', async () => block(1200))
    expect(logger.lines).toEqual([
      'warn : the source "slow" held up everything for more than 0.25 s in stats',
      'warn : the source "slow" held up everything for more than 0.25 s in stats (2 more in the last 1 s)',
      'warn : the source "slow" held up everything for more than 1 s in start'
    ])
  })

  it('does not take waiting for holding up', async () => {
    const { border, logger } = borderOf('patient')
    const waiting = border.run('start', async () => {
      await new Promise((resolve) => setTimeout(resolve, 5000))
    })
    await vi.advanceTimersByTimeAsync(5000)
    await waiting
    expect(logger.lines).toEqual([])
  })

  it('hears the rejection of what should have given nothing', async () => {
    const { border, logger } = borderOf('late')
    border.absorb('push', Promise.reject(new Error('too late')))
    // biome-ignore lint/suspicious/noThenProperty: a plugin may give anything.
    border.absorb('push', { then: 'no promise' })
    border.absorb('push', {
      // biome-ignore lint/suspicious/noThenProperty: a plugin may give anything.
      get then() {
        throw new Error('not for you')
      }
    })
    await vi.advanceTimersByTimeAsync(0)
    expect(logger.lines).toEqual([
      'warn : the source "late" threw in push: not for you',
      'warn : the source "late" threw in push: too late'
    ])
  })

  it('cuts what is too long to be said', () => {
    const { border, logger } = borderOf('wordy')
    border.attempt('stats', () => {
      throw new Error('x'.repeat(1e6))
    })
    expect(logger.lines[0]?.length).toBeLessThan(2100)
  })
})

describe('whatever is thrown', () => {
  const shy = new Proxy(new Error('shy'), {
    get() {
      throw new Error('do not look')
    },
    getPrototypeOf() {
      throw new Error('do not look')
    }
  })
  const { proxy: revoked, revoke } = Proxy.revocable({}, {})
  revoke()

  it.each([
    ['null', null],
    ['a symbol', Symbol('x')],
    ['an error that cannot be looked at', shy],
    ['a revoked proxy', revoked],
    ['an error with the brand and nothing else', Object.assign(new StreamerError('ERR_X', 'm'), { code: 5 })]
  ])('%s becomes an error that can be read', (_, thrown) => {
    const error = toStreamerError(thrown, 'ERR_SOURCE_FAILED', 'source')
    expect(isStreamerError(error)).toBe(true)
    expect([error.code, error.message.startsWith('source: ')]).toEqual(['ERR_SOURCE_FAILED', true])
    const plain = loggable(thrown)
    expect([typeof plain.message, typeof plain.stack]).toEqual(['string', 'string'])
  })
})
