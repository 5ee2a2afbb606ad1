import { describe, expect, it } from 'vitest'
import { type Snapshot, statusText } from '../src/status-line.js'

const transport = { name: 'http', state: 'up', clients: 0, delivered: 0, bytes: 0 } as const
const before: Snapshot = {
  atMs: 1000,
  streams: [{ name: 'main', state: 'live', framerate: 30 }],
  transports: [transport, { ...transport, name: 'udp', delivered: 100, bytes: 5000 }],
  dropped: 0
}

describe('the status line', () => {
  it('tells rates from the difference of two moments', () => {
    const now: Snapshot = {
      ...before,
      atMs: 3000,
      transports: [
        { ...transport, clients: 2, delivered: 120, bytes: 2_500_000 },
        { ...transport, name: 'udp', clients: 1, delivered: 160, bytes: 255_000 }
      ],
      dropped: 7
    }
    expect(statusText(before, now)).toBe(
      'in 30.0 fps, out 90.0 fps | http 2 clients 10.0 Mbit/s | udp 1 client 1.0 Mbit/s | 7 dropped'
    )
  })

  it('says that a camera sleeps or a transport is down', () => {
    const now: Snapshot = {
      ...before,
      streams: [{ name: 'main', state: 'idle', framerate: 0 }],
      transports: [transport, { ...transport, name: 'udp', state: 'failed', delivered: 100 }]
    }
    expect(statusText(before, now)).toBe('in idle, out 0.0 fps | http 0 clients | udp failed | 0 dropped')
  })

  it('names the streams when there are several', () => {
    const streams: Snapshot['streams'] = [
      { name: 'front', state: 'live', framerate: 15 },
      { name: 'door', state: 'recovering', framerate: 0 }
    ]
    expect(statusText(before, { ...before, streams, atMs: 2000 })).toMatch(/^front 15\.0 fps, door recovering, out /)
  })
})
