import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { StreamerError } from '../src/index.js'
import { defaultSupervision } from '../src/supervision.js'
import { TransportRunner } from '../src/transport-runner.js'
import { StandInLogger, StandInTransport } from './stand-ins.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function runnerOf(name: string, ...startErrors: Error[]) {
  const transport = new StandInTransport()
  transport.startErrors = startErrors
  const logger = new StandInLogger()
  const part = { name, use: 'http', optional: true, transport }
  return { transport, logger, runner: new TransportRunner(part, [], logger, defaultSupervision) }
}

it.each([
  [
    'transport-http: cannot listen on [::]:1: address already in use',
    'cannot listen on [::]:1: address already in use'
  ],
  ['acme: cannot listen on [::]:1', 'acme: cannot listen on [::]:1'],
  ['transport web: no certificate', 'no certificate']
])('the failure "%s" has the name of the configuration', async (message, shown) => {
  const cause = new StreamerError('ERR_LISTEN', message)
  const { runner } = runnerOf('web', cause)
  const failing = expect(runner.start()).rejects
  await failing.toMatchObject({ code: 'ERR_LISTEN', message: `transport web: ${shown}` })
  expect(runner.status()).toMatchObject({ lastFailure: { code: 'ERR_LISTEN', message: `transport web: ${shown}` } })
})

it('a transport that comes up late is "listening", and "listening again" only when it was before', async () => {
  const { transport, logger, runner } = runnerOf('web', new Error('no network'))
  await expect(runner.start()).rejects.toThrow('transport web: no network')
  runner.retry()
  await vi.advanceTimersByTimeAsync(60_000)
  transport.run?.fail(new Error('the cable is gone'))
  await vi.advanceTimersByTimeAsync(60_000)
  expect(logger.lines.filter((line) => line.startsWith('info'))).toEqual([
    'info : listening: stand-in://host:1',
    'info : listening again: stand-in://host:1'
  ])
  await runner.stop()
})

it('a mistake in the configuration does not mend itself, so that nobody goes on without that transport', async () => {
  const { runner } = runnerOf('web', new StreamerError('ERR_CONFIG_INVALID', 'transport-http: no such stream'))
  expect(runner.optional).toBe(true)
  await expect(runner.start()).rejects.toMatchObject({ exitCode: 2 })
  expect(runner.optional).toBe(false)
})

it('a transport that never comes up fails after half a minute, and is stopped', async () => {
  const { transport, runner } = runnerOf('web')
  transport.onStart = () => new Promise<void>(() => {})
  const failing = expect(runner.start()).rejects.toMatchObject({
    code: 'ERR_TRANSPORT_FAILED',
    message: 'transport web: did not start within 30 s'
  })
  await vi.advanceTimersByTimeAsync(30_000)
  await failing
  expect(transport.run?.signal.aborted).toBe(false)
  await runner.stop()
  expect([transport.run?.signal.aborted, transport.stops, vi.getTimerCount()]).toEqual([true, 1, 0])
})
