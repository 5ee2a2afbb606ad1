import { setImmediate as turn } from 'node:timers/promises'
import type { Detection } from '@streamer/core/plugin'
import { messageOf } from '@streamer/core/plugin'
import type { SourceFixture } from '../fixtures.js'
import type { Rule } from './rules.js'
import type { SourceRig, WithSource } from './source-rig.js'

/** Starts that cannot succeed. @param options with which it cannot start. */
export function failingStartRules(withSource: WithSource, options: SourceFixture['impossible']): Rule[] {
  const group = 'a start that fails'
  return [
    {
      group,
      name: 'tells a start that fails once, with the reason',
      check: () =>
        withSource(
          async (rig) => {
            const reasons = await failedStart(rig)
            const [reason] = reasons
            if (!(reason instanceof Error) || !reason.message) {
              throw new Error(`the source gave no Error with a message as the reason why it cannot start`)
            }
            if (reasons.length > 1) {
              throw new Error(
                `the source told that it cannot start ${reasons.length} times: ${reasons.map(messageOf).join('; ')}`
              )
            }
          },
          { options }
        )
    },
    {
      group,
      name: 'can be tried again after a start that failed',
      check: () =>
        withSource(
          async (rig) => {
            await failedStart(rig)
            await failedStart(rig)
          },
          { options }
        )
    },
    {
      group,
      name: 'leaves nothing open after a start that failed',
      check: () =>
        withSource(
          async (rig) => {
            await failedStart(rig)
            await rig.assertClosed('a start() that failed')
          },
          { watch: true, options }
        )
    }
  ]
}

/** Starts and stops it. @returns what it told as the reasons of its failure. */
async function failedStart(rig: SourceRig): Promise<unknown[]> {
  const { run, done } = rig.begin()
  const outcome = await rig.within('start() with options that are impossible', done)
  if (outcome.started) {
    await rig.within(
      'telling that the impossible start failed',
      run.until(() => run.failures.length > 0)
    )
  }
  await turn()
  run.abort()
  await rig.stop()
  return outcome.started ? run.failures : [outcome.error, ...run.failures]
}

/** What `prepare` must keep; a source without it keeps it all. */
export function prepareRules(withSource: WithSource): Rule[] {
  const group = 'looking around (prepare)'
  return [
    {
      group,
      name: 'ends prepare when its signal is aborted, and leaves nothing open',
      check: () =>
        withSource(
          async (rig) => {
            await interrupt(rig, 'prepare()', (signal) => rig.prepare(signal))
            await rig.assertClosed('prepare()')
          },
          { watch: true }
        )
    },
    {
      group,
      name: 'starts while it prepares',
      check: () =>
        withSource(async (rig) => {
          const abort = new AbortController()
          // What it throws changes nothing.
          rig.prepare(abort.signal).catch(() => {})
          const run = await rig.start()
          await rig.gives(run, 2)
          abort.abort()
          await rig.gives(run, 1)
        })
    }
  ]
}

/** Calls it with a signal that is aborted before, at once after, and when it may have got somewhere; resolves when each call has ended. */
async function interrupt(rig: SourceRig, deed: string, call: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  for (const turns of [-1, 0, 2]) {
    const abort = new AbortController()
    if (turns < 0) abort.abort()
    const done = call(abort.signal).catch(() => {})
    for (let count = 0; count < turns; count++) await turn()
    abort.abort()
    await rig.within(`${deed}, whose signal was aborted,`, done)
  }
}

/** What `detect` must keep. @param impossible options with which it cannot start, if any. */
export function detectRules(withSource: WithSource, impossible: SourceFixture['impossible']): Rule[] {
  const group = 'detection'
  return [
    {
      group,
      name: 'says what it found, or why nothing',
      check: async () => {
        for (const options of impossible ? [undefined, impossible] : [undefined]) {
          await withSource(
            async (rig) => {
              const found = rig.detect(new AbortController().signal).catch((error: unknown) => {
                if (error instanceof Error && error.message) return thrown
                throw new Error('detect() threw something that is no Error with a message')
              })
              assertDetection(await rig.within('detect()', found))
            },
            { options }
          )
        }
      }
    },
    {
      group,
      name: 'ends detect when its signal is aborted',
      check: () => withSource((rig) => interrupt(rig, 'detect()', (signal) => rig.detect(signal)))
    },
    {
      group,
      name: 'leaves nothing open after detect',
      check: () =>
        withSource(
          async (rig) => {
            await rig.within(
              'detect()',
              rig.detect(new AbortController().signal).catch(() => {})
            )
            await rig.assertClosed('detect()')
          },
          { watch: true }
        )
    }
  ]
}

/** What is thrown counts as not found, with the message as the reason. */
const thrown: Detection = { found: false, reason: 'it threw' }

function assertDetection(detection: unknown): void {
  const { found, what, reason } = (detection ?? {}) as { found?: unknown; what?: unknown; reason?: unknown }
  const text = found === true ? what : found === false ? reason : undefined
  if (typeof text === 'string' && text !== '') return
  throw new Error('detect() gave neither { found: true, what } nor { found: false, reason }')
}
