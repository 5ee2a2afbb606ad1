import { block, configSchema, thrower } from './faults.mjs'

const nowUs = () => Math.round(performance.now() * 1000)
const good = (sequence) => ({
  kind: 'encoded',
  codec: 'mjpeg',
  keyframe: true,
  sequence,
  timestampUs: nowUs(),
  width: 16,
  height: 16,
  data: Buffer.from([0xff, 0xd8, sequence & 255, 0xff, 0xd9])
})
const raw = (sequence) => ({
  kind: 'raw',
  pixelFormat: 'rgb24',
  sequence,
  timestampUs: nowUs(),
  width: 16,
  height: 16,
  planes: [{ data: new Uint8Array(16 * 48), stride: 48 }]
})

/** What is no frame, with what is to be said of it; of those with the same fault, the first one's words stand for all. */
export const garbage = [
  ['it is null', () => null],
  ['it is null', () => undefined],
  ['it is null', () => 'a picture'],
  ['its sequence is undefined', () => ({})],
  ['its sequence is undefined', () => ({ ...good(0), sequence: -1 })],
  ['its timestampUs is 1.5', () => ({ ...good(0), timestampUs: 1.5 })],
  ['its width is NaN', () => ({ ...good(0), width: Number.NaN })],
  ['its height is 0', () => ({ ...good(0), height: 0 })],
  ['its kind is "film"', () => ({ ...good(0), kind: 'film' })],
  ['its codec is "vp9"', () => ({ ...good(0), codec: 'vp9' })],
  ['its keyframe is false', () => ({ ...good(0), keyframe: false })],
  ['its data is a list', () => ({ ...good(0), data: [1, 2, 3] })],
  ['its data is empty', () => ({ ...good(0), data: new Uint8Array() })],
  ['its pixelFormat is "cmyk"', () => ({ ...raw(0), pixelFormat: 'cmyk' })],
  ['its planes are not those of "nv12"', () => ({ ...raw(0), pixelFormat: 'nv12' })],
  ['one of its planes is not a Uint8Array', () => ({ ...raw(0), planes: [{ data: 'pixels', stride: 48 }] })],
  ['the stride of one of its planes', () => ({ ...raw(0), planes: [{ data: new Uint8Array(900), stride: 47 }] })],
  ['one of its planes is shorter', () => ({ ...raw(0), planes: [{ data: new Uint8Array(700), stride: 48 }] })],
  ['its release is "now"', () => ({ ...raw(0), release: 'now' })],
  [
    'it cannot be read',
    () => ({
      get kind() {
        throw new Error('no kind')
      }
    })
  ]
]

const controls = {
  'controls.list throws error': {
    list: thrower('list throws error').bind(null, 'list'),
    values: () => ({}),
    set: async () => ({})
  },
  'controls.values throws null': {
    list: () => [],
    values: () => {
      throw null
    },
    set: async () => ({})
  },
  'controls are garbage': {
    list: () => [
      null,
      { name: 5 },
      { name: 'gain', description: '', type: 'integer', minimum: 0, maximum: 9, default: 1 }
    ],
    values: () => ({ gain: 1, other: Symbol('x') }),
    set: () => {
      throw null
    }
  },
  'controls are no controls': { list: 5 }
}

/** A source that gives a frame every 20 ms, and has one `fault`. */
class BrokenSource {
  #fault
  #throw
  #timer

  constructor({ fault }) {
    this.#fault = fault
    this.#throw = thrower(fault)
    if (fault.startsWith('prepare')) this.prepare = () => this.#throw('prepare')
  }

  get controls() {
    this.#throw('controls')
    return controls[this.#fault]
  }

  start(run) {
    const failed = this.#throw('start')
    if (failed) return failed
    if (this.#fault === 'start holds up everything') block(100)
    let sequence = 0
    this.#timer = setInterval(() => {
      if (this.#fault === 'gives garbage between its frames' && sequence < garbage.length)
        run.push(garbage[sequence][1]())
      if (this.#fault === 'gives nothing but garbage') run.push(garbage[4][1]())
      else if (this.#fault.startsWith('release'))
        run.push({ ...raw(sequence++), release: () => this.#throw('release') })
      else run.push(good(sequence++))
      if (this.#fault === 'run.fail with undefined' && sequence === 5) run.fail(undefined)
    }, 20)
    return Promise.resolve()
  }

  stop() {
    clearInterval(this.#timer)
    if (this.#fault === 'stop never ends') return new Promise(() => {})
    return this.#throw('stop') ?? Promise.resolve()
  }

  stats() {
    return this.#throw('stats') ?? {}
  }
}

export default {
  kind: 'source',
  apiVersion: 1,
  name: 'broken',
  configSchema,
  create: (options) => new BrokenSource(options)
}
