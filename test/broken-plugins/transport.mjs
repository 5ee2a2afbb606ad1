import { block, configSchema, thrower } from './faults.mjs'

const garbage = {
  nothing: undefined,
  null: null,
  'a text': 'tcp://127.0.0.1:1',
  numbers: [5],
  'no URLs': ['nowhere in particular']
}
const counters = {
  null: null,
  'a text': 'many',
  NaN: { clients: Number.NaN },
  functions: { clients: () => 5 },
  'a promise': Promise.resolve({ clients: 5 })
}

/** A transport that takes every frame and sends it nowhere, and has one `fault`. */
class BrokenTransport {
  #fault
  #throw
  #run
  #once = true

  constructor({ fault }) {
    this.#fault = fault
    this.#throw = thrower(fault)
  }

  get accepts() {
    this.#throw('accepts')
    return this.#fault === 'accepts is a text' ? 'mjpeg' : ['mjpeg']
  }

  start(run, streams) {
    this.#run = run
    const failed = this.#throw('start')
    if (failed) return failed
    if (this.#fault === 'start never ends') return new Promise(() => {})
    const [, given] = /^start gives (.+)$/.exec(this.#fault) ?? []
    if (given) return Promise.resolve(garbage[given])
    if (this.#fault === 'start holds up everything') block(100)
    return this.#open(streams)
  }

  async #open(streams) {
    const [stream] = streams.values()
    if (this.#fault === 'subscribes without end') for (;;) stream.subscribe({ label: 'again', onFrame() {} })
    if (this.#fault === 'never reads') for (let n = 0; n < 5; n++) stream.subscribe({ label: 'silent', onFrame() {} })
    const subscription = stream.subscribe({
      label: 'broken',
      onFrame: () => {
        if (this.#fault === 'onFrame holds up everything' && this.#once) block(100)
        if (this.#fault === 'run.fail with null' && this.#once) this.#run.fail(null)
        this.#once = false
        subscription.ready()
        return this.#throw('onFrame')
      },
      onClose: () => this.#throw('onClose')
    })
    if (this.#fault.startsWith('onClose')) setTimeout(() => this.#run.fail(new Error('to be closed')), 20)
    return ['broken://here']
  }

  stop() {
    if (this.#fault === 'stop never ends') return new Promise(() => {})
    return this.#throw('stop') ?? Promise.resolve()
  }

  stats() {
    const [, given] = /^stats gives (.+)$/.exec(this.#fault) ?? []
    return given ? counters[given] : (this.#throw('stats') ?? {})
  }
}

export default {
  kind: 'transport',
  apiVersion: 1,
  name: 'broken',
  configSchema,
  create: (options) => new BrokenTransport(options)
}
