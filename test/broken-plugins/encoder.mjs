import { block, configSchema, thrower } from './faults.mjs'

const garbage = {
  null: () => null,
  'another codec': (frame) => ({ ...frame, codec: 'h264' }),
  'a raw frame': (frame) => ({ ...frame, kind: 'raw' }),
  'no data': ({ data: _, ...frame }) => frame
}

/** An encoder whose JPEG is five bytes, and which has one `fault`. */
class BrokenEncoder {
  #fault
  #throw
  #run

  constructor({ fault }) {
    this.#fault = fault
    this.#throw = thrower(fault)
  }

  get output() {
    this.#throw('output')
    return this.#fault === 'output is nothing' ? undefined : 'mjpeg'
  }

  get controls() {
    this.#throw('controls')
    return undefined
  }

  start(run) {
    this.#run = run
    return this.#throw('start') ?? Promise.resolve()
  }

  push(frame) {
    if (this.#fault === 'push holds up everything') block(60)
    const failed = this.#throw('push')
    if (failed) return failed
    const { sequence, timestampUs, width, height } = frame
    const data = Buffer.from([0xff, 0xd8, sequence & 255, 0xff, 0xd9])
    const encoded = { kind: 'encoded', codec: 'mjpeg', keyframe: true, sequence, timestampUs, width, height, data }
    frame.release?.()
    const [, given] = /^gives (.+)$/.exec(this.#fault) ?? []
    this.#run.push(given && sequence >= 0 ? garbage[given](encoded) : encoded)
    if (this.#fault === 'run.fail with a text' && sequence === 5) this.#run.fail('out of paper')
  }

  stop() {
    return this.#throw('stop') ?? Promise.resolve()
  }

  stats() {
    return this.#throw('stats') ?? {}
  }
}

export default {
  kind: 'encoder',
  apiVersion: 1,
  name: 'broken',
  configSchema,
  create: (options) => new BrokenEncoder(options)
}
