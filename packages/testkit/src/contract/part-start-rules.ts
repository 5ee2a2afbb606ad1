import { setImmediate as turn } from 'node:timers/promises'
import type { Frame } from '@streamer/core/plugin'
import { moments } from './moments.js'
import { type PartRig, silentFrom, type WithRig } from './part-rig.js'
import type { RecordedRun } from './part-run.js'
import type { Rule } from './rules.js'

const group = 'start and stop'

/** Start, stop and abort in every order, for sources and encoders. */
export function startRules<F extends Frame>(withRig: WithRig<PartRig<F>>): Rule[] {
  return [
    {
      group,
      name: 'stops without having been started, and starts after that',
      check: () =>
        withRig(async (rig) => {
          await rig.stop()
          await rig.gives(await rig.start(), 1)
        })
    },
    {
      group,
      name: 'stops when it is told twice at once, and once more',
      check: () =>
        withRig(async (rig) => {
          await rig.gives(await rig.start(), 1)
          await Promise.all([rig.stop(), rig.stop()])
          await rig.stop()
        })
    },
    {
      group,
      name: 'starts again after each stop',
      check: () =>
        withRig(async (rig) => {
          for (let times = 0; times < 3; times++) {
            const run = await rig.start()
            await rig.gives(run, 2)
            run.abort()
            await rig.stop()
          }
        })
    },
    {
      group,
      name: 'refuses a second start while it runs, and goes on',
      check: () =>
        withRig(async (rig) => {
          const run = await rig.start()
          await rig.gives(run, 1)
          const second = rig.begin()
          const outcome = await rig.within('a second start()', second.done)
          if (outcome.started) throw new Error(`the ${rig.kind} took a second start() while it was running`)
          await rig.gives(run, 2)
          if (second.run.count > 0) throw new Error(`the ${rig.kind} pushed a frame to the start that it refused`)
        })
    },
    {
      group,
      name: 'gives a start up when it is stopped meanwhile',
      check: () =>
        withRig(
          (rig) =>
            givesUp(rig, {
              interrupt: () => rig.stop(),
              silentAfter: 'a stop() that came while it was starting',
              deed: 'start(), which was stopped meanwhile,',
              closedAfter: 'a stop() that came while it was starting'
            }),
          { watch: true }
        )
    },
    {
      group,
      name: 'pushes nothing after stop',
      check: () =>
        withRig(async (rig) => {
          const run = await rig.start()
          await rig.gives(run, 3)
          for (let frames = 0; frames < 3; frames++) rig.stir()
          await rig.stop()
          const assertSilent = silentFrom(run, rig.kind, 'stop() had resolved')
          await rig.silence()
          assertSilent()
        })
    },
    {
      group,
      name: 'does nothing in a start whose signal is aborted before',
      check: () =>
        withRig(
          async (rig) => {
            const run = rig.newRun()
            run.abort()
            await rig.within('start() with a signal that is aborted', rig.begin(run).done)
            await rig.stop()
            await rig.assertClosed('a start() with a signal that was aborted')
            await rig.gives(await rig.start(), 3)
            await rig.silence()
            silentFromStart(run, rig.kind)
          },
          { watch: true }
        )
    },
    {
      group,
      name: 'gives a start up when its signal is aborted meanwhile',
      check: () =>
        withRig(
          (rig) =>
            givesUp(rig, {
              interrupt: async (run) => run.abort(),
              silentAfter: 'its signal was aborted while it was starting',
              deed: 'start(), whose signal was aborted,',
              afterwards: () => rig.stop(),
              closedAfter: 'a start() that was aborted'
            }),
          { watch: true }
        )
    },
    {
      group,
      name: 'pushes nothing after its signal is aborted',
      check: () =>
        withRig(async (rig) => {
          const run = await rig.start()
          await rig.gives(run, 3)
          for (let frames = 0; frames < 3; frames++) rig.stir()
          run.abort()
          const assertSilent = silentFrom(run, rig.kind, 'its signal was aborted')
          await rig.silence()
          assertSilent()
          await rig.stop()
        })
    },
    {
      group,
      name: 'does not call it a failure to be stopped',
      check: () =>
        withRig(async (rig) => {
          for (const abortsFirst of [true, false]) {
            const run = await rig.start()
            await rig.gives(run, 1)
            if (abortsFirst) run.abort()
            await rig.stop()
            await turn()
            if (run.failures.length > 0) throw new Error(`the ${rig.kind} called fail() because it was stopped`)
          }
        })
    }
  ]
}

/** What comes in the middle of a start, and how it is called in messages. */
interface Interruption<F extends Frame> {
  interrupt(run: RecordedRun<F>): Promise<void>
  readonly silentAfter: string
  readonly deed: string
  /** What is due when the start has come to its end. */
  afterwards?(): Promise<void>
  readonly closedAfter: string
}

async function givesUp<F extends Frame>(rig: PartRig<F>, interruption: Interruption<F>): Promise<void> {
  const { silentAfter, deed, closedAfter } = interruption
  const silences = []
  for (const moment of moments) {
    const { run, done } = rig.begin()
    await moment()
    await interruption.interrupt(run)
    silences.push(silentFrom(run, rig.kind, silentAfter))
    await rig.within(deed, done)
    await interruption.afterwards?.()
    await rig.assertClosed(closedAfter)
  }
  // By this run it is known how long frames take.
  await rig.gives(await rig.start(), 3)
  await rig.silence()
  for (const assertSilent of silences) assertSilent()
}

function silentFromStart(run: { readonly count: number }, kind: string): void {
  if (run.count > 0) throw new Error(`the ${kind} pushed a frame in a start() whose signal was aborted before`)
}
