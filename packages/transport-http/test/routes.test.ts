import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { resolveRoute } from '../src/routes.js'

const names = ['front', 'back door', 'stream']

const aliases = {
  stream: ['stream.mjpg', 'stream', 'video_feed', '?action=stream', '?action=stream_0'],
  snapshot: ['snapshot.jpg', 'snapshot', '?action=snapshot', '?action=snapshot_0']
} as const

describe('routes', () => {
  for (const kind of ['stream', 'snapshot'] as const) {
    for (const alias of aliases[kind]) {
      test(`/${alias} is the ${kind} of the first stream, and with a name before it of that one`, () => {
        expect(resolveRoute(`/${alias}`, names)).toMatchObject({ kind, stream: 'front' })
        expect(resolveRoute(`/front/${alias}`, names)).toMatchObject({ kind, stream: 'front' })
        expect(resolveRoute(`/back%20door/${alias}`, names)).toMatchObject({ kind, stream: 'back door' })
        expect(resolveRoute(`/stream/${alias}`, names)).toMatchObject({ kind, stream: 'stream' })
      })

      test(`/${alias} takes unknown query keys, and keys without a value`, () => {
        for (const extra of ['1700000000', 't=5&x', '_=&=', 'a%20b=%zz', '&&', 'fps', 'fps=']) {
          const target = `/${alias}${alias.includes('?') ? '&' : '?'}${extra}`
          expect(resolveRoute(target, names), target).toMatchObject({ kind, stream: 'front' })
        }
      })
    }
  }

  test('numbers in actions count the streams', () => {
    expect(resolveRoute('/?action=stream_1', names)).toMatchObject({ kind: 'stream', stream: 'back door' })
    expect(resolveRoute('/?action=snapshot_2', names)).toMatchObject({ kind: 'snapshot', stream: 'stream' })
    expect(resolveRoute('/?action=stream_3', names)).toMatchObject({ kind: 'missing' })
    expect(resolveRoute('/front/?action=stream_1', names)).toMatchObject({ kind: 'missing' })
    expect(resolveRoute('/?action=command', names)).toMatchObject({ kind: 'missing' })
  })

  test('fps is a number above 0; what else it is, is told', () => {
    expect(resolveRoute('/stream.mjpg?fps=5', names)).toMatchObject({ framerate: 5 })
    expect(resolveRoute('/?action=stream&fps=0.5', names)).toMatchObject({ framerate: 0.5 })
    expect(resolveRoute('/stream.mjpg', names)).toMatchObject({ framerate: undefined })
    for (const fps of ['0', '-1', 'fast', '1e3', '1001', 'NaN', 'Infinity', '0.0', '5fps']) {
      expect(resolveRoute(`/stream?fps=${fps}`, names), fps).toMatchObject({
        kind: 'bad',
        text: expect.stringContaining(fps)
      })
    }
  })

  test('pages and the state', () => {
    expect(resolveRoute('/', names)).toEqual({ kind: 'page', stream: undefined })
    expect(resolveRoute('/?1234', names)).toEqual({ kind: 'page', stream: undefined })
    expect(resolveRoute('/?action', names)).toEqual({ kind: 'page', stream: undefined })
    expect(resolveRoute('/front/', names)).toEqual({ kind: 'page', stream: 'front' })
    expect(resolveRoute('/back%20door', names)).toEqual({ kind: 'redirect', location: 'back%20door/' })
    expect(resolveRoute('/back%20door?action=stream', names)).toMatchObject({ kind: 'stream', stream: 'back door' })
    expect(resolveRoute('/state?x', names)).toEqual({ kind: 'state' })
    expect(resolveRoute('http://camera.local:8080/state', names)).toEqual({ kind: 'state' })
    expect(resolveRoute('http://camera.local?action=stream', names)).toMatchObject({ kind: 'stream' })
  })

  test('what is not there is told with what is', () => {
    for (const target of [
      '/nothing',
      '/front/nothing',
      '/nobody/stream.mjpg',
      '/front/stream.mjpg/x',
      '/state/',
      '//',
      '/toString'
    ]) {
      const route = resolveRoute(target, names)
      expect(route, target).toMatchObject({ kind: 'missing' })
      expect('text' in route && route.text).toContain('/back%20door/stream.mjpg')
    }
    expect(resolveRoute('/stream.mjpg', [])).toMatchObject({ kind: 'missing' })
  })

  test('dots are only names that do not exist', () => {
    for (const target of [
      '/../../etc/passwd',
      '/..%2f..%2fetc%2fpasswd',
      '/front/../front/stream.mjpg',
      '/%2e%2e/state'
    ]) {
      expect(resolveRoute(target, names), target).toMatchObject({ kind: 'missing' })
    }
  })

  test('a malformed address is a bad request', () => {
    expect(resolveRoute('/%zz', names)).toMatchObject({ kind: 'bad' })
    expect(resolveRoute('/%ff', names)).toMatchObject({ kind: 'bad' })
    expect(resolveRoute('stream.mjpg', names)).toMatchObject({ kind: 'bad' })
    expect(resolveRoute('*', names)).toMatchObject({ kind: 'bad' })
  })

  test('no target makes it throw, and only existing streams come out', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.webPath(),
          fc.string().map((text) => `/${text}`)
        ),
        (target) => {
          const route = resolveRoute(target, names)
          if ('stream' in route && route.stream !== undefined) expect(names).toContain(route.stream)
        }
      )
    )
  })
})
