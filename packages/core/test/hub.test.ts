import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameHub } from '../src/hub.js'
import type { SubscribeOptions } from '../src/plugin/index.js'
import { RateMeter } from '../src/rate-meter.js'
import { StandInClient, standInFrame } from './stand-ins.js'

function client(hub: FrameHub, ready: 'at once' | 'by hand', options: Partial<SubscribeOptions> = {}): StandInClient {
  return new StandInClient((onFrame) => hub.subscribe('test', { label: 'client', ...options, onFrame }), ready)
}

describe('FrameHub', () => {
  it('hands the very same frame to every client', () => {
    const hub = new FrameHub()
    const [a, b] = [client(hub, 'at once'), client(hub, 'at once')]
    const frame = standInFrame(0)
    hub.publish(frame)
    expect(a.frames[0]).toBe(frame)
    expect(b.frames[0]).toBe(frame)
  })

  it('keeps the newest frame for a busy client and counts those it replaced', () => {
    const hub = new FrameHub()
    const slow = client(hub, 'by hand')
    for (let sequence = 0; sequence < 5; sequence++) hub.publish(standInFrame(sequence))
    expect(slow.sequences).toEqual([0])
    slow.subscription.ready()
    expect(slow.sequences).toEqual([0, 4])
    expect(slow.subscription.stats()).toMatchObject({ offered: 5, delivered: 2, dropped: 3, waiting: 0, bytes: 8 })
  })

  it('does not let a slow client hold back another', () => {
    const hub = new FrameHub()
    client(hub, 'by hand')
    const quick = client(hub, 'at once')
    for (let sequence = 0; sequence < 5; sequence++) hub.publish(standInFrame(sequence))
    expect(quick.sequences).toEqual([0, 1, 2, 3, 4])
  })

  it('spreads a limited rate evenly', () => {
    const hub = new FrameHub()
    const limited = client(hub, 'at once', { maxFramerate: 10 })
    for (let n = 0; n < 300; n++) hub.publish(standInFrame(n), 1_000_000 + Math.round((n * 1e6) / 30))
    expect(limited.frames.length).toBe(100)
    const gaps = limited.sequences.slice(1).map((sequence, index) => sequence - (limited.sequences[index] ?? 0))
    expect(new Set(gaps)).toEqual(new Set([3]))
    expect(limited.subscription.stats().skipped).toBe(200)
  })

  it('holds a limited rate that does not divide the source rate', () => {
    const hub = new FrameHub()
    const limited = client(hub, 'at once', { maxFramerate: 25 })
    for (let n = 0; n < 300; n++) hub.publish(standInFrame(n), 1_000_000 + Math.round((n * 1e6) / 30))
    expect(limited.frames.length).toBeGreaterThanOrEqual(248)
    expect(limited.frames.length).toBeLessThanOrEqual(251)
  })

  it('drops a frame that is too old when the client is ready, and never sends it late', () => {
    const hub = new FrameHub()
    const aged = client(hub, 'by hand', { maxAgeMs: 100 })
    hub.publish(standInFrame(0))
    hub.publish(standInFrame(1, { timestampUs: standInFrame(1).timestampUs - 200_000 }))
    aged.subscription.ready()
    expect(aged.sequences).toEqual([0])
    expect(aged.subscription.stats()).toMatchObject({ offered: 2, delivered: 1, expired: 1 })
    hub.publish(standInFrame(2))
    expect(aged.sequences).toEqual([0, 2])
  })

  it('counts the age of a frame that fills in for a silent camera from when it was given', () => {
    const hub = new FrameHub()
    const aged = client(hub, 'by hand', { maxAgeMs: 100 })
    const old = standInFrame(0, { timestampUs: standInFrame(0).timestampUs - 5_000_000 })
    hub.fillIn(old)
    expect(aged.sequences).toEqual([0])
    // It waits for its client for too long.
    hub.fillIn(old, old.timestampUs)
    aged.subscription.ready()
    expect(aged.subscription.stats()).toMatchObject({ offered: 2, delivered: 1, expired: 1 })
    hub.fillIn(old)
    expect(aged.subscription.stats()).toMatchObject({ delivered: 2, expired: 1 })
  })

  it('lets delta frames wait only behind what they need, and goes on at the next keyframe', () => {
    const hub = new FrameHub()
    const slow = client(hub, 'by hand')
    const delta = { codec: 'h264' as const, keyframe: false }
    hub.publish(standInFrame(0, delta))
    expect(slow.sequences).toEqual([])
    hub.publish(standInFrame(1, { codec: 'h264' }))
    hub.publish(standInFrame(2, delta))
    hub.publish(standInFrame(3, delta))
    slow.subscription.ready()
    expect(slow.sequences).toEqual([1, 2])
    slow.subscription.ready()
    hub.publish(standInFrame(4, delta))
    expect(slow.sequences).toEqual([1, 2])
    hub.publish(standInFrame(5, { codec: 'h264' }))
    expect(slow.sequences).toEqual([1, 2, 5])
  })

  it('never gives a delta frame that cannot be decoded', () => {
    const hub = new FrameHub()
    const h264 = (sequence: number, keyframe: boolean) => standInFrame(sequence, { codec: 'h264', keyframe })
    const slow = client(hub, 'by hand')
    for (const [sequence, keyframe] of [
      [0, true],
      [1, true],
      [2, false]
    ] as const)
      hub.publish(h264(sequence, keyframe))
    slow.subscription.ready()
    slow.subscription.ready()
    hub.publish(h264(3, false))
    hub.publish(h264(4, true))
    expect(slow.sequences).toEqual([0, 1, 4])
    const limited = client(hub, 'at once', { maxFramerate: 1 })
    const frames = [
      [0, true],
      [1, false],
      [2, true],
      [3, false],
      [4, false]
    ] as const
    for (const [sequence, keyframe] of frames) hub.publish(h264(sequence, keyframe), 1_000_000 + sequence * 33_333)
    expect(limited.sequences).toEqual([0, 1])
  })

  it('closes a client whose onFrame throws, says so, and serves the others', () => {
    const errors: string[] = []
    const hub = new FrameHub(undefined, (error, label) => errors.push(`${label}: ${(error as Error).message}`))
    hub.subscribe('test', {
      label: 'broken',
      onFrame() {
        throw new Error('no')
      },
      onClose: () => errors.push('told')
    })
    const good = client(hub, 'at once')
    hub.publish(standInFrame(0))
    hub.publish(standInFrame(1))
    expect(good.sequences).toEqual([0, 1])
    expect(errors).toEqual(['broken: no', 'told'])
    expect(hub.size).toBe(1)
  })

  it('keeps the counts of closed clients in the sums of their transport', () => {
    const hub = new FrameHub()
    const gone = client(hub, 'by hand')
    for (let sequence = 0; sequence < 3; sequence++) hub.publish(standInFrame(sequence))
    gone.subscription.close()
    gone.subscription.close()
    hub.publish(standInFrame(3))
    expect(hub.totals()).toEqual({ test: { clients: 0, delivered: 1, bytes: 4, dropped: 2, skipped: 0, expired: 0 } })
  })

  it('disconnects the one client of an id, tells its owner why, and knows the id no more', () => {
    const hub = new FrameHub()
    const told: string[] = []
    const [first, second] = ['first', 'second'].map((label) =>
      hub.subscribe('test', { label, onFrame() {}, onClose: (reason) => told.push(`${label} ${reason}`) })
    )
    const { id } = second!.stats()
    expect(id).not.toBe(first!.stats().id)
    expect(hub.disconnect('')).toBe(false)
    expect([hub.disconnect(id), told, hub.size]).toEqual([true, ['second disconnected'], 1])
    expect([hub.disconnect(id), told.length]).toEqual([false, 1])
    hub.closeAll('test')
    expect(told).toEqual(['second disconnected', 'first revoked'])
  })

  it('counts how long frames of the source took, for each client, and not those that fill in', () => {
    const hub = new FrameHub()
    const nowUs = standInFrame(0).timestampUs
    client(hub, 'at once')
    const slow = client(hub, 'by hand')
    hub.publish(standInFrame(0, { timestampUs: nowUs - 15_000 }), nowUs)
    const first = hub.delays()
    // 15 ms is above 10 and up to 20, the fifth of the bounds.
    expect(first.captureToPublish.counts).toEqual([0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
    expect(first.captureToPublish.sumMs).toBe(15)
    const sums = () => {
      const { captureToPublish, publishToDelivery, captureToDelivery } = hub.delays()
      return [captureToPublish, publishToDelivery, captureToDelivery].map(({ counts }) =>
        counts.reduce((sum, count) => sum + count, 0)
      )
    }
    expect(sums()).toEqual([1, 1, 1])
    slow.subscription.ready()
    expect(sums()).toEqual([1, 2, 2])
    hub.fillIn(standInFrame(0, { timestampUs: nowUs - 9_000_000 }))
    slow.subscription.ready()
    expect(sums()).toEqual([1, 2, 2])
    // What waits for a busy client is counted from when it was published, in the last bucket here.
    hub.publish(standInFrame(1), nowUs)
    hub.publish(standInFrame(2, { timestampUs: nowUs - 6_000_000 }), nowUs - 5_000_000)
    slow.subscription.ready()
    slow.subscription.ready()
    expect(sums()).toEqual([3, 6, 6])
    expect(hub.delays().publishToDelivery.counts.at(-1)).toBe(2)
  })

  it('knows the bit rate of the last second', () => {
    const meter = new RateMeter()
    meter.mark(1_000_000, 1000)
    meter.mark(1_500_000, 3000)
    expect([meter.rate(2_000_000), meter.bitrateBps(2_000_000)]).toEqual([2, 32_000])
    expect(meter.bitrateBps(3_000_000)).toBe(0)
  })

  it('does not recurse for a client that is ready within onFrame while frames are published within it', () => {
    const hub = new FrameHub()
    let published = 0
    const seen: number[] = []
    const subscription = hub.subscribe('test', {
      label: 'echo',
      onFrame(frame) {
        seen.push(frame.sequence)
        if (published < 20_000) hub.publish(standInFrame(++published))
        subscription.ready()
      }
    })
    hub.publish(standInFrame(0))
    expect(seen.length).toBe(20_001)
  })

  it('has no more than 20 000 subscriptions for one transport, and room again when some are closed', () => {
    const hub = new FrameHub()
    const open = () => hub.subscribe('greedy', { label: 'one more', onFrame() {} })
    const first = open()
    for (let n = 1; n < 20_000; n++) open()
    expect(open).toThrow(
      'transport greedy: cannot subscribe for one more: it has 20000 subscriptions open, which is the limit'
    )
    hub.subscribe('modest', { label: 'other', onFrame() {} })
    first.close()
    open()
    expect(open).toThrow(/limit/)
    hub.closeAll('greedy')
    open()
    expect(hub.size).toBe(2)
  })

  it('closes a subscription whose onFrame rejects, and tells its owner', async () => {
    const errors: unknown[] = []
    const hub = new FrameHub(undefined, (error) => errors.push(error))
    const closed = new Promise<void>((onClose) => {
      hub.subscribe('test', {
        label: 'async',
        onFrame: () => Promise.reject(new Error('later')),
        onClose: () => onClose()
      })
    })
    hub.publish(standInFrame(0))
    await closed
    expect([errors, hub.size]).toEqual([[new Error('later')], 0])
  })

  it.each([
    [{ label: 5 }, 'label must be text, not 5'],
    [{ onFrame: undefined }, 'onFrame must be a function, not undefined'],
    [{ onClose: 'later' }, 'onClose must be a function, not "later"']
  ])('refuses %j, where the mistake can be seen', (wrong, message) => {
    const options = { label: 'client', onFrame() {}, ...wrong } as unknown as SubscribeOptions
    expect(() => new FrameHub().subscribe('test', options)).toThrow(new TypeError(message))
  })

  it('refuses limits that make no sense', () => {
    const hub = new FrameHub()
    expect(() => client(hub, 'at once', { maxFramerate: 0 })).toThrow(TypeError)
    expect(() => client(hub, 'at once', { maxAgeMs: -1 })).toThrow(TypeError)
  })

  it('has counters that add up whatever happens', () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('publish' as const),
        keyframe: fc.boolean(),
        ageMs: fc.integer({ min: 0, max: 100 })
      }),
      fc.record({ kind: fc.constant('ready' as const) }),
      fc.record({ kind: fc.constant('close' as const) })
    )
    const limits = fc.record(
      { maxFramerate: fc.integer({ min: 1, max: 60 }), maxAgeMs: fc.integer({ min: 0, max: 80 }) },
      { requiredKeys: [] }
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), limits, (steps, options) => {
        const hub = new FrameHub()
        const one = client(hub, 'by hand', options)
        let sequence = 0
        let atUs = standInFrame(0).timestampUs
        for (const action of steps) {
          if (action.kind === 'publish') {
            atUs += 33_333
            hub.publish(
              standInFrame(sequence++, { keyframe: action.keyframe, timestampUs: atUs - action.ageMs * 1000 }),
              atUs
            )
          } else one.subscription[action.kind]()
          const { offered, delivered, dropped, skipped, expired, waiting } = one.subscription.stats()
          expect(delivered + dropped + skipped + expired + waiting).toBe(offered)
          expect(delivered).toBe(one.frames.length)
        }
        expect(one.sequences).toEqual([...one.sequences].sort((a, b) => a - b))
      })
    )
  })
})
