import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { withoutSecrets } from '../src/plugin/index.js'

describe('withoutSecrets', () => {
  it.each([
    ['rtsp://admin:hunter2@cam/1', 'rtsp://***@cam/1'],
    ['rtsp://admin:p@ss@cam/1', 'rtsp://***@cam/1'],
    ['rtsp://admin:pa/ss@cam', 'rtsp://***@cam'],
    ['rtsp://admin:pa?s#s@cam:554/a', 'rtsp://***@cam:554/a'],
    ['rtsp://admin:p@s/s@cam/1', 'rtsp://***@cam/1'],
    ['rtsp://admin:12/34@cam/1', 'rtsp://***@cam/1'],
    ['token-as-user://abc@cam', 'token-as-user://***@cam'],
    ['"http://a:b@c","http://d:e/f@g" https://h:i@j', '"http://***@c","http://***@g" https://***@j']
  ])('hides users and passwords of addresses: %s', (text, shown) => {
    expect(withoutSecrets(text)).toBe(shown)
  })

  it.each([
    'see https://example.org/@me',
    'https://example.org:8443/@me and http://localhost:8080/@me',
    'http://[::1]:8080/@me',
    'at https://example.org/a, ask me@example.org',
    'https://example.org?time=12:30&mail=me@example.org',
    'file:///home/me/video@2x.mp4',
    'cannot open rtsp://camera.local:554/1: refused',
    'wrong password, no such key, keyframe=1, -keyint 30, invalid token: unexpected end',
    'ffmpeg -u http://camera/video -i tcp://10.0.0.2:8888 --author -y'
  ])('leaves what is none: %s', (text) => {
    expect(withoutSecrets(text)).toBe(text)
  })

  it.each([
    ['http://cam/video?user=me&pwd=hunter2&size=2', 'http://cam/video?user=me&pwd=***&size=2'],
    ['srt://cam?passphrase=hunter2', 'srt://cam?passphrase=***'],
    ['rtspsrc user-id=me user-pw=hunter2 ! x', 'rtspsrc user-id=me user-pw=*** ! x'],
    ['CAM_PASSWORD=hunter2 ./camera', 'CAM_PASSWORD=*** ./camera'],
    ['API_KEY="hunter2 x" ./camera', 'API_KEY="***" ./camera'],
    ["apiKey='hunter2 x' ./camera", "apiKey='***' ./camera"],
    ['{"AUTH_TOKEN":"hunter2","SIZE":"2"}', '{"AUTH_TOKEN":"***","SIZE":"2"}'],
    ['{"secret": "hunter\\"2"}', '{"secret": "***"}'],
    ['using password: hunter2', 'using password: ***'],
    ['password = hunter2', 'password = ***'],
    ['camera --password hunter2 -v', 'camera --password *** -v'],
    ['camera -rtsp_pass "hunter2 x" -v', 'camera -rtsp_pass "***" -v'],
    ['["camera","--api-key","hunter2"]', '["camera","--api-key","***"]'],
    ['curl -u me:hunter2 http://cam', 'curl -u me:*** http://cam'],
    ['curl -u "me:hunter2 x" http://cam', 'curl -u "me:***" http://cam'],
    ['curl -ume:hunter2 --proxy-user=me:hunter2', 'curl -ume:*** --proxy-user=me:***'],
    ["ffmpeg -headers 'Authorization: Basic hunter2' -i x", "ffmpeg -headers 'Authorization: ***' -i x"]
  ])('hides values by the names before them: %s', (text, shown) => {
    expect(withoutSecrets(text)).toBe(shown)
    expect(withoutSecrets(shown)).toBe(shown)
  })

  it('property: no password comes through, whatever stands around it', () => {
    const anyWord = fc.string({ minLength: 6, maxLength: 12, unit: fc.constantFrom(...'abcXYZ019/@:?#.-_!$*+~') })
    // A password with `://` in it looks like two addresses.
    const words = anyWord.filter((word) => !word.includes('://'))
    const around = fc.string({ maxLength: 30, unit: fc.constantFrom(...'abc ://@?=,') })
    const places = [
      (secret: string) => `rtsp://me:x${secret}@camera/1`,
      (secret: string) => `http://camera/?password=${secret}`,
      (secret: string) => `--token ${secret}`,
      (secret: string) => `-u me:x${secret}`
    ]
    fc.assert(
      fc.property(words, fc.constantFrom(...places), around, around, (word, place, before, after) => {
        const secret = `S${word}S`
        expect(withoutSecrets(`${before} ${place(secret)} ${after}`)).not.toContain(secret)
      }),
      { numRuns: 2000 }
    )
  })
})

/** Characters that string methods and patterns are set upon while `deed` runs, and the patterns. */
function workOf(deed: () => unknown): { work: number; patterns: Set<RegExp> } {
  const patterns = new Set<RegExp>()
  let work = 0
  const undo: Array<() => void> = []
  const watch = (prototype: object, name: string, lengthOf: (self: unknown, args: readonly unknown[]) => number) => {
    const original = Object.getOwnPropertyDescriptor(prototype, name)!
    const method = original.value as (...args: unknown[]) => unknown
    const watched = function (this: unknown, ...args: unknown[]) {
      for (const thing of [this, args[0]]) if (thing instanceof RegExp) patterns.add(thing)
      work += lengthOf(this, args)
      return method.apply(this, args)
    }
    Object.defineProperty(prototype, name, { ...original, value: watched })
    undo.push(() => Object.defineProperty(prototype, name, original))
  }
  const whole = (self: unknown) => String(self).length
  for (const name of ['replace', 'search', 'split', 'slice', 'includes', 'indexOf', 'lastIndexOf']) {
    watch(String.prototype, name, whole)
  }
  watch(RegExp.prototype, 'test', (_self, args) => String(args[0]).length)
  try {
    deed()
  } finally {
    for (const restore of undo) restore()
  }
  return { work, patterns }
}

/** Whether each quantifier without a bound is the last thing of its pattern, so that matching never tries a long stretch twice. */
function isLinear({ source }: RegExp): boolean {
  let pattern = source.replace(/\\[^\n]/g, 'e').replace(/\[[^\]]*\]/g, 'c')
  // Lookarounds and groups without such a quantifier are of bounded length, as one character is.
  for (let before = ''; before !== pattern; ) {
    before = pattern
    pattern = pattern.replace(/\((?:\?(?:<?[!=]|:))?[^()*+]*?\)(?!\{\d+,\})/g, (group) =>
      /\{\d+,\}/.test(group) ? group : 'g'
    )
  }
  return [...pattern.matchAll(/[*+]|\{\d+,\}/g)].every(({ index, 0: quantifier }) => {
    const rest = pattern.slice(index + quantifier.length)
    // Other alternatives, each with a quantifier at its end at most, and the ends of groups.
    return rest.split('|').every((part, i) => (i === 0 ? /^\)*$/ : /^[^()*+]*[*+]?\)*$/).test(part))
  })
}

describe('the time that withoutSecrets takes', () => {
  const nasty = [
    'a',
    '://',
    '://a:b/',
    '://a:b/@',
    '@',
    '/@',
    'key',
    'key=',
    'key="',
    'password:',
    'pass\\',
    '--',
    '--key ',
    '--a',
    '-u ',
    '-u a',
    '"-u',
    '-ua.',
    'cookie: ',
    '"',
    "'",
    ' ',
    '.:',
    '\\"'
  ]

  it('grows with the length of the text and not faster', () => {
    for (const first of nasty) {
      for (const second of nasty) {
        const text = (length: number) => first.repeat(length / 2) + second.repeat(length / 2)
        const small = workOf(() => withoutSecrets(text(200)))
        const large = workOf(() => withoutSecrets(text(2000)))
        expect(large.work, JSON.stringify([first, second])).toBeLessThan(small.work * 11)
      }
    }
  })

  it('is spent in patterns that try no stretch of text twice', () => {
    const { patterns } = workOf(() => withoutSecrets('http://a.b:1/c@d'))
    expect(patterns.size).toBeGreaterThanOrEqual(7)
    for (const pattern of patterns) expect(isLinear(pattern), pattern.source).toBe(true)
    for (const bad of [/(\w+:\/\/)[^\s/]+@/g, /a*b/, /(?:a+)+/, /(a|b*)c/, /a{2,}b/, /(?:a*|b)(?:c)/]) {
      expect(isLinear(bad), bad.source).toBe(false)
    }
    expect([/a*/, /(a)b{0,9}(?:"c*|[^"]+)/, /a(b|c)*/].every(isLinear)).toBe(true)
  })

  it('is short for long texts', () => {
    for (const part of nasty) expect(withoutSecrets(part.repeat(300_000)).length).toBeGreaterThan(0)
  })
})
