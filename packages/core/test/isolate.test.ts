import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Outbox } from '../src/isolate/outbox.js'
import { errorOf, portableError, portableFields, portableFrame } from '../src/isolate/portable.js'
import { forwardLines, LineBudget } from '../src/isolate/thread-output.js'
import { type EncodedFrame, type Frame, isStreamerError, StreamerError } from '../src/plugin/index.js'
import { standInFrame } from './stand-ins.js'

const delta = { codec: 'h264' as const, keyframe: false }

function outboxOf(maxInFlight = 2) {
  const sent: number[] = []
  const dropped: number[] = []
  const outbox = new Outbox(
    maxInFlight,
    ({ sequence }) => sent.push(sequence),
    ({ sequence }) => dropped.push(sequence)
  )
  return { outbox, sent, dropped }
}

describe('an outbox', () => {
  it('has a few frames on their way, and of what comes meanwhile the newest', () => {
    const { outbox, sent, dropped } = outboxOf()
    for (let sequence = 0; sequence < 6; sequence++) outbox.offer(standInFrame(sequence))
    expect([sent, dropped]).toEqual([
      [0, 1],
      [2, 3, 4]
    ])
    outbox.taken()
    expect(sent).toEqual([0, 1, 5])
    outbox.taken()
    outbox.taken()
    outbox.offer(standInFrame(6))
    expect(sent).toEqual([0, 1, 5, 6])
  })

  it('begins anew with nothing on its way', () => {
    const { outbox, sent, dropped } = outboxOf(1)
    for (const sequence of [0, 1]) outbox.offer(standInFrame(sequence))
    outbox.clear()
    outbox.offer(standInFrame(0))
    expect([sent, dropped]).toEqual([[0, 0], [1]])
  })

  it('never sends a delta frame whose frames before it were dropped, and loses none uncounted', () => {
    const step = fc.constantFrom('keyframe' as const, 'delta' as const, 'taken' as const)
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const sent: EncodedFrame[] = []
        let dropped = 0
        let inFlight = 0
        const send = (frame: Frame) => {
          sent.push(frame as EncodedFrame)
          inFlight++
          expect(inFlight).toBeLessThanOrEqual(2)
        }
        const outbox = new Outbox(2, send, () => dropped++)
        let offered = 0
        for (const kind of steps) {
          if (kind !== 'taken') outbox.offer(standInFrame(offered++, kind === 'delta' ? delta : { codec: 'h264' }))
          else if (inFlight > 0) {
            inFlight--
            outbox.taken()
          }
        }
        sent.forEach((frame, index) => {
          const before = sent[index - 1]?.sequence ?? -1
          if (!frame.keyframe) expect(frame.sequence).toBe(before + 1)
          else expect(frame.sequence).toBeGreaterThan(before)
        })
        expect(offered - sent.length - dropped).toBeLessThanOrEqual(1)
      })
    )
  })
})

describe('what goes from thread to thread', () => {
  it('is a copy of the bytes, and the frame itself stays whole', () => {
    const shared = Buffer.from('..a picture..').subarray(2, 11)
    const frame = standInFrame(3, { data: shared, placeholder: true })
    const { frame: copy, transfer } = portableFrame(frame)
    const arrived = structuredClone(copy, { transfer })
    expect(arrived).toEqual({ ...frame, data: new Uint8Array(shared) })
    expect(shared.toString()).toBe('a picture')
    expect(transfer.map(({ byteLength }) => byteLength)).toEqual([0])
  })

  it('of a raw frame is its planes, without the way to give them back', () => {
    const planes = [
      { data: new Uint8Array([1, 2, 3, 4]), stride: 2 },
      { data: new Uint8Array([5, 6]), stride: 2 }
    ]
    const header = { sequence: 0, timestampUs: 1, width: 2, height: 2 }
    const { frame, transfer } = portableFrame({ kind: 'raw', pixelFormat: 'nv12', planes, ...header, release() {} })
    expect(structuredClone(frame, { transfer })).toEqual({ kind: 'raw', pixelFormat: 'nv12', planes, ...header })
  })

  it('of an error is its message, its code and its place', () => {
    const error = new StreamerError('ERR_OWN', 'part: the deed failed')
    const arrived = errorOf(structuredClone(portableError(error)))
    expect(isStreamerError(arrived)).toBe(true)
    expect(arrived).toMatchObject({ code: 'ERR_OWN', message: 'part: the deed failed', stack: error.stack })
    expect(isStreamerError(errorOf(portableError(new TypeError('no'))))).toBe(false)
    expect(errorOf(portableError(null)).message).toBe('something that is no error was thrown')
  })

  it('of the fields of a log line is what can go', () => {
    const fields = { count: 3, error: new Error('loose screw'), deed: () => 1, list: [1], sign: Symbol('x') }
    const arrived = structuredClone(portableFields(fields))
    expect(arrived).toMatchObject({ count: 3, deed: '() => 1', list: [1], sign: 'Symbol(x)' })
    expect(arrived.error).toMatchObject({ message: 'loose screw' })
  })
})

describe('the output of a thread', () => {
  it('comes line by line, however it is cut into pieces, and long lines are cut', async () => {
    const stream = new PassThrough()
    const lines: string[] = []
    forwardLines(stream, (line) => lines.push(line))
    const text = Buffer.from(`eins\r\nzwei und drei\u00fc\n${'x'.repeat(5000)}\n\nvier`)
    for (const byte of text.subarray(0, 30)) stream.write(Buffer.from([byte]))
    stream.end(text.subarray(30))
    await new Promise((resolve) => stream.once('close', resolve))
    expect(lines).toEqual(['eins', 'zwei und drei\u00fc', `${'x'.repeat(1999)}…`, '', 'vier'])
  })

  it('without an end of a line fills no memory', async () => {
    const stream = new PassThrough()
    const lines: string[] = []
    forwardLines(stream, (line) => lines.push(line))
    for (let n = 0; n < 100; n++) stream.write('x'.repeat(100_000))
    stream.end('\n')
    await new Promise((resolve) => stream.once('close', resolve))
    expect(lines.map(({ length }) => length)).toEqual([2000])
  })

  it('has a budget, beyond which lines are left out and counted', () => {
    const budget = new LineBudget(100)
    const taken = Array.from({ length: 1000 }, () => budget.take()).filter(Boolean).length
    expect(taken).toBeGreaterThanOrEqual(200)
    expect(taken + budget.takeLeftOut()).toBe(1000)
    expect(budget.takeLeftOut()).toBe(0)
  })
})
