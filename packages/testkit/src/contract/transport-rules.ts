import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import type { Plugin } from '@streamer/core/plugin'
import { transportSupports } from '@streamer/core/plugin'
import type { TransportFixture } from '../fixtures.js'
import { declarationRules } from './declaration-rules.js'
import { early, moments } from './moments.js'
import type { Rule } from './rules.js'
import { clientRules } from './transport-client-rules.js'
import { type Check, type Declare, rejection, TransportTrial, TrialRun } from './transport-trial.js'
import { within } from './within.js'

/** Around the sizes at which datagrams, buffers and length fields have their edges, to one that takes several writes. Bytes. */
const sizes = [4, 5, 255, 256, 1199, 1200, 1201, 4096, 40_000, 65_535, 65_536, 65_537]
/** Only for those that lose nothing: more than a system keeps of datagrams that nobody has read yet. */
const largest = [200_000, 1 << 20]

/** Frames that come at once, most of them before the first was sent. */
const burst = 32

/** What a transport must do, as far as its declaration says that it can. */
export function transportRules(fixture: TransportFixture): Rule[] {
  const { plugin } = fixture
  const supports = transportSupports(plugin.supports)
  const rule: Declare = (group, name, check, streams) => ({
    group,
    name,
    check: () => TransportTrial.of(fixture, check, streams)
  })
  return [
    ...declarationRules('transport', plugin as Plugin, fixture.options(0)),
    rule('declaration', 'accepts the codecs that it declares', acceptsWhatItDeclares),
    ...lifeRules(rule),
    rule('frames', 'never changes a frame', neverChanges),
    rule('frames', 'counts in whole numbers that only go up', counts),
    ...(supports.reliable
      ? [
          rule('frames, reliable', 'frames of every size arrive byte for byte', arriveWhole([...sizes, ...largest])),
          rule('frames, reliable', 'every frame that it takes arrives, in order', arriveAll)
        ]
      : [rule('frames, unreliable', 'frames of every size arrive whole or not at all', arriveWhole(sizes))]),
    ...(supports.clients
      ? clientRules(rule, supports)
      : [rule('no clients', 'takes frames from its start to its stop', takesFromStart)]),
    supports.severalStreams
      ? rule('several streams', 'gives each client the stream that it asks for', givesTheStream, ['front', 'door'])
      : rule('first stream alone', 'takes frames of the first stream alone', firstAlone, ['front', 'door'])
  ]
}

function lifeRules(rule: Declare): Rule[] {
  const group = 'start and stop'
  return [
    rule(group, 'opens nothing before start', async (trial) => {
      await trial.make()
      await trial.assertNothingOpen('after create()')
    }),
    rule(group, 'start resolves with addresses', async (trial) => {
      const { urls } = await trial.serving()
      assert.ok(Array.isArray(urls) && urls.length > 0, 'start() resolves with no addresses')
      for (const url of urls)
        assert.ok(typeof url === 'string' && URL.canParse(url), `${String(url)}, from start(), is no URL`)
    }),
    rule(group, 'stop works without start', async (trial) => {
      await trial.stop(await trial.make())
      await trial.assertNothingOpen('after stop()')
    }),
    rule(group, 'stop works twice', async (trial) => {
      const { transport } = await trial.serving()
      await Promise.all([trial.stop(transport), trial.stop(transport)])
      await trial.stop(transport)
    }),
    rule(group, 'stop while it starts ends both', async (trial) => {
      const transport = await trial.make()
      for (const moment of moments) {
        const starting = rejection(trial.start(transport, new TrialRun()))
        await moment()
        await trial.stop(transport)
        await starting
        await trial.assertNothingOpen('after stop() during start()')
      }
    }),
    rule(group, 'serves again after stop and start', async (trial) => {
      const { transport, urls } = await trial.serving()
      await trial.deliver(await trial.connect(urls))
      await trial.stop(transport)
      const again = await trial.start(transport, new TrialRun())
      await trial.deliver(await trial.connect(again))
    }),
    rule(group, 'a second start is refused, and the first goes on', async (trial) => {
      const { transport, urls } = await trial.serving()
      const second = await rejection(trial.start(transport, new TrialRun()))
      assert.ok(second, 'start() without stop() between is taken a second time')
      await trial.deliver(await trial.connect(urls))
    }),
    rule(group, 'a start that is aborted before is refused', async (trial) => {
      const run = new TrialRun()
      run.abort()
      const error = await rejection(trial.start(await trial.make(), run))
      assert.ok(error, 'start() resolves although its signal was aborted before')
      await trial.assertNothingOpen('after a refused start()')
    }),
    rule(group, 'an abort while it starts leaves nothing open', async (trial) => {
      const transport = await trial.make()
      for (const moment of early) {
        const run = new TrialRun()
        const starting = rejection(trial.start(transport, run))
        await moment()
        run.abort()
        await starting
        await trial.stop(transport)
        await trial.assertNothingOpen('after an abort during start(), and stop(),')
      }
    }),
    rule(group, 'an abort while it runs leaves nothing open', async (trial) => {
      const { transport } = await trial.serving()
      trial.run.abort()
      await trial.stop(transport)
      await trial.assertNothingOpen('after an abort and stop()')
    }),
    rule(group, 'nothing is open after stop', async (trial) => {
      for (const time of ['first', 'second']) {
        const { transport, urls } = await trial.serving()
        const client = await trial.connect(urls)
        await trial.deliver(client)
        client.pause()
        for (let count = 0; count < 8; count++) trial.publish(256 << 10)
        await trial.stop(transport)
        // Libraries that are used for the first time open what they keep.
        if (time === 'first') trial.resources.forgetDescriptors()
      }
      await trial.assertNothingOpen('after stop()')
    }),
    rule(group, 'stop ends its subscriptions', async (trial) => {
      const { transport, urls } = await trial.serving()
      await trial.deliver(await trial.connect(urls))
      await trial.stop(transport)
      const ended = trial.stream.until(({ demand }) => demand === 0)
      await within(trial.limitMs, 'the end of its subscriptions after stop()', ended)
    })
  ]
}

async function acceptsWhatItDeclares(trial: TransportTrial): Promise<void> {
  const { accepts } = await trial.make()
  const declared = trial.supports.codecs
  assert.deepEqual([...accepts].sort(), [...declared].sort(), `it accepts ${accepts}, and declares ${declared}`)
}

async function neverChanges(trial: TransportTrial): Promise<void> {
  const { urls } = await trial.serving()
  const client = await trial.connect(urls)
  const frame = trial.publish(3000)
  const copy = Buffer.from(frame)
  await trial.deliver(client)
  await trial.deliver(client)
  assert.ok(frame.equals(copy), 'it wrote into the bytes of a frame, which all transports share')
}

async function counts(trial: TransportTrial): Promise<void> {
  const { transport, urls } = await trial.serving()
  const seen: Array<Readonly<Record<string, number>>> = []
  const look = () => seen.push({ ...transport.stats?.() })
  look()
  const client = await trial.connect(urls)
  look()
  await trial.deliver(client)
  look()
  await trial.disconnect(client)
  look()
  await trial.stop(transport)
  look()
  seen.forEach((counters, index) => {
    for (const [name, value] of Object.entries(counters)) {
      assert.ok(Number.isInteger(value) && value >= 0, `its counter ${name} is ${String(value)}`)
      const before = seen[index - 1]?.[name] ?? 0
      assert.ok(value >= before, `its counter ${name} went down from ${before} to ${value}`)
    }
  })
}

function arriveWhole(all: readonly number[]): Check {
  return async (trial) => {
    const { urls } = await trial.serving()
    const client = await trial.connect(urls)
    for (const size of all) await trial.deliver(client, size)
    assert.deepEqual(trial.run.failures, [], 'it failed while it sent frames')
  }
}

async function arriveAll(trial: TransportTrial): Promise<void> {
  const { urls } = await trial.serving()
  const client = await trial.connect(urls)
  const taken = trial.stream.noteTaken()
  let newest = Buffer.alloc(0)
  for (let count = 0; count < burst; count++) {
    newest = Buffer.from(trial.publish(20_000))
    if (count % 4 === 3) await turn()
  }
  let arrived = 0
  for (let got: Uint8Array = newest.subarray(0, 0); !newest.equals(got); ) {
    got = await trial.next(client)
    // A transport may show what it has, and one frame twice.
    if (taken[arrived] && Buffer.compare(got, taken[arrived]!) === 0) arrived++
  }
  const text = `frame ${arrived + 1} of the ${taken.length} that it took did not arrive, or not in its turn`
  assert.equal(arrived, taken.length, `${text}: call ready() when the next one can be sent`)
}

async function takesFromStart(trial: TransportTrial): Promise<void> {
  await trial.serving()
  assert.ok(trial.stream.demand > 0, 'after start() it takes no frames: subscribe there, or declare clients')
}

async function givesTheStream(trial: TransportTrial): Promise<void> {
  const { urls } = await trial.serving()
  for (const stream of trial.streams.values()) await trial.deliver(await trial.connect(urls, stream), 2000, stream)
}

async function firstAlone(trial: TransportTrial): Promise<void> {
  const { urls } = await trial.serving()
  await trial.deliver(await trial.connect(urls))
  const [, second] = trial.streams.values()
  assert.equal(second?.demand, 0, 'it takes frames of the second stream: declare severalStreams')
}
