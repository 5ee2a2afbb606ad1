import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type MappingEvent, mapPort } from '../src/index.js'
import { KeptMapping, type MappedPort } from '../src/mapping.js'
import type { Grant, MappingRequest, Router } from '../src/router.js'

const request: MappingRequest = {
  protocol: 'udp',
  port: 9999,
  externalPort: 9999,
  description: 'Streamer',
  lifetimeS: 1200
}
const minuteMs = 60_000

/** A router that grants what its `grant` says, or fails with it. */
class StandInRouter implements Router {
  readonly method = 'pcp'
  readonly host = '192.168.1.1'
  grant: Grant | Error = {
    externalHost: '203.0.113.1',
    externalPort: 9999,
    internalHost: '192.168.1.2',
    lifetimeS: 1200
  }
  readonly asked: string[] = []

  async map({ externalPort }: MappingRequest): Promise<Grant> {
    this.asked.push(`map ${externalPort}`)
    if (this.grant instanceof Error) throw this.grant
    return this.grant
  }

  async unmap({ externalPort }: MappingRequest): Promise<void> {
    this.asked.push(`unmap ${externalPort}`)
    if (this.grant instanceof Error) throw this.grant
  }
}

const broken = new Error('no answer')
let router: StandInRouter
let next: MappedPort | Error
let events: MappingEvent[]

function keep(grant: Partial<Grant> = {}, onEvent = (event: MappingEvent) => void events.push(event)): KeptMapping {
  router.grant = { ...(router.grant as Grant), ...grant }
  const acquire = async () => {
    if (next instanceof Error) throw next
    return next
  }
  return new KeptMapping(request, { router, grant: router.grant }, acquire, onEvent)
}

describe('a mapping', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    router = new StandInRouter()
    next = broken
    events = []
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('is renewed every ten minutes', async () => {
    keep()
    await vi.advanceTimersByTimeAsync(30 * minuteMs)
    expect(router.asked).toEqual(['map 9999', 'map 9999', 'map 9999'])
    expect(events).toEqual([])
  })

  it.for([
    [120, 60_000],
    [1, 4000],
    [86_400, 600_000],
    [Number.POSITIVE_INFINITY, 600_000]
  ] as const)('of %i seconds is renewed after %i ms', async ([lifetimeS, delayMs]) => {
    keep({ lifetimeS })
    await vi.advanceTimersByTimeAsync(delayMs - 1)
    expect(router.asked).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(router.asked).toHaveLength(1)
  })

  it('is removed when it is closed, once, and then left alone', async () => {
    const mapping = keep({ externalPort: 40_000 })
    await Promise.all([mapping.close(), mapping.close()])
    await vi.advanceTimersByTimeAsync(60 * minuteMs)
    expect(router.asked).toEqual(['unmap 40000'])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('tells when it has moved', async () => {
    const mapping = keep()
    router.grant = { ...(router.grant as Grant), externalHost: '203.0.113.2' }
    await vi.advanceTimersByTimeAsync(10 * minuteMs)
    expect(events).toEqual([{ kind: 'moved', mapping }])
    expect(mapping.externalHost).toBe('203.0.113.2')
  })

  it('is made anew with another router when the first is gone', async () => {
    const mapping = keep()
    const other = new StandInRouter()
    next = { router: other, grant: { ...(other.grant as Grant), externalPort: 40_000 } }
    router.grant = broken
    await vi.advanceTimersByTimeAsync(10 * minuteMs)
    expect(mapping.externalPort).toBe(40_000)
    await mapping.close()
    expect(other.asked).toEqual(['unmap 40000'])
    expect(router.asked).toEqual(['map 9999'])
  })

  it('that is lost is told once, tried every minute, and told when it is regained', async () => {
    keep()
    const { grant } = router
    router.grant = broken
    await vi.advanceTimersByTimeAsync(13 * minuteMs)
    expect(events.map(({ kind }) => kind)).toEqual(['lost'])
    expect(router.asked).toHaveLength(4)
    router.grant = grant
    await vi.advanceTimersByTimeAsync(minuteMs)
    expect(events.map(({ kind }) => kind)).toEqual(['lost', 'regained'])
    await vi.advanceTimersByTimeAsync(10 * minuteMs - 1)
    expect(router.asked).toHaveLength(5)
  })

  it('that cannot be removed is told', async () => {
    const mapping = keep({ lifetimeS: Number.POSITIVE_INFINITY })
    router.grant = broken
    await mapping.close()
    expect(events).toMatchObject([
      { kind: 'left', isPermanent: true, error: { message: '192.168.1.1 did not remove the mapping: no answer' } }
    ])
  })

  it('outlives a listener that throws', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    keep({}, () => {
      throw new Error('listener')
    })
    router.grant = broken
    await vi.advanceTimersByTimeAsync(12 * minuteMs)
    expect(router.asked).toHaveLength(3)
    expect(warned).toHaveBeenCalledOnce()
    warned.mockRestore()
  })

  it('knows when another router is before the first', () => {
    expect(keep().isBehindAnotherRouter).toBe(false)
    expect(keep({ externalHost: '100.64.1.2' }).isBehindAnotherRouter).toBe(true)
    expect(keep({ externalHost: undefined }).isBehindAnotherRouter).toBe(false)
  })
})

describe('mapping a port', () => {
  it('fails with what each method gave', async () => {
    // Nothing answers there, and with UPnP we would leave this machine.
    await expect(
      mapPort({ protocol: 'udp', port: 9999, gateway: '127.0.0.1', methods: ['pcp', 'nat-pmp'] })
    ).rejects.toMatchObject({
      code: 'ERR_NO_PORT_MAPPING',
      message:
        'no router let in UDP port 9999 (router: 127.0.0.1; PCP: not offered (ECONNREFUSED); NAT-PMP: not offered (ECONNREFUSED)); ' +
        'switch on UPnP or NAT-PMP in the router, or forward the port there by hand'
    })
  })

  it('does nothing when it is aborted already', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(mapPort({ protocol: 'udp', port: 9999, signal })).rejects.toThrow('enough')
  })

  it.for([
    { port: 0 },
    { port: 65_536 },
    { port: 1.5 },
    { gateway: 'router' },
    { gateway: '::1' },
    { protocol: 'sctp' as 'udp' }
  ])('refuses %j', async (wrong) => {
    await expect(mapPort({ protocol: 'udp', port: 9999, ...wrong })).rejects.toThrow(TypeError)
  })
})
