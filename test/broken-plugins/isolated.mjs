import { writeFileSync } from 'node:fs'
import { parentPort, threadId } from 'node:worker_threads'
import { configSchema } from './faults.mjs'

const nowUs = () => Math.round(performance.now() * 1000)

/** What the plugin does once, in the thread of its own. */
const deeds = {
  nothing() {},
  'an endless loop'() {
    for (;;);
  },
  'the end of the process'() {
    process.exit(7)
  },
  'an error outside of any call'() {
    setTimeout(() => {
      throw new Error('stray')
    })
  },
  'a rejection that nobody hears'() {
    Promise.reject(null)
  },
  'all the memory'() {
    const all = []
    for (;;) all.push(new Array(100_000).fill(all.length))
  },
  'lines without end'({ logger }) {
    for (let n = 0; n < 100_000; n++) logger.info(`line ${n}`)
  },
  'output without end'() {
    process.stdout.write(`${'x'.repeat(1e6)}\n`)
    for (let n = 0; n < 5000; n++) console.log(`printed ${n}`)
    console.error('in the end')
  },
  'subscriptions without end'(_, stream) {
    for (;;) stream.subscribe({ label: 'again', onFrame() {} }).close()
  },
  'messages of its own'() {
    parentPort.postMessage(null)
    parentPort.postMessage({ type: 'fail', error: {} })
    parentPort.postMessage({ type: 'done', id: 1 })
  }
}

/** Threads in which a part was made, in this thread: always one. */
let made = 0

/** A transport, source or encoder that does its `deed` in the call `at`, the first time in `times` threads of one test. */
class Part {
  accepts = ['mjpeg']
  output = 'mjpeg'
  #options
  #context
  #run
  #timer
  #gain = 1
  controls = {
    list: () => [{ name: 'gain', description: 'How much.', type: 'integer', minimum: 0, maximum: 9, default: 1 }],
    values: () => ({ gain: this.#gain }),
    set: async ({ gain }) => {
      if (gain === 6) throw new Error('six is too many')
      this.#gain = gain
      return { gain }
    }
  }

  constructor(options, context) {
    made++
    this.#options = options
    this.#context = context
  }

  async start(run, streams) {
    this.#run = run
    const [stream] = streams?.values() ?? []
    this.#do('start', stream)
    if (stream) return this.#serve(stream)
    let sequence = 0
    this.#timer = setInterval(() => {
      this.#do('timer')
      const data = Buffer.from([0xff, 0xd8, this.#gain, sequence & 255, 0xff, 0xd9])
      if (this.#options.garbage) run.push({ ...encoded(sequence, data), width: 'wide' })
      run.push(encoded(sequence++, data))
    }, 20)
    return undefined
  }

  push({ sequence }) {
    this.#do('push')
    this.#run.push(encoded(sequence, Buffer.from([0xff, 0xd8, sequence & 255, 0xff, 0xd9])))
  }

  async stop() {
    clearInterval(this.#timer)
    this.#do('stop')
  }

  stats() {
    return { made, threadId }
  }

  #serve(stream) {
    const subscription = stream.subscribe({
      label: 'isolated',
      onFrame: () => {
        this.#do('onFrame', stream)
        subscription.ready()
      },
      onClose: () => this.#context.logger.info('closed by the core')
    })
    if (this.#options.sets) {
      stream.controls.set(this.#options.sets).then(
        (values) => this.#context.logger.info(`set ${JSON.stringify(values)}`),
        (error) => this.#context.logger.warn('refused', { error, code: error.code })
      )
    }
    return ['isolated://here']
  }

  #do(call, stream) {
    const { at, deed, marker } = this.#options
    if (call !== at || isDone(marker)) return
    deeds[deed](this.#context, stream)
  }
}

function encoded(sequence, data) {
  return {
    kind: 'encoded',
    codec: 'mjpeg',
    keyframe: true,
    sequence,
    timestampUs: nowUs(),
    width: 16,
    height: 16,
    data
  }
}

/** Whether a former thread did it; two threads have nothing in common but files. */
function isDone(marker) {
  try {
    writeFileSync(marker, '', { flag: 'wx' })
    return false
  } catch {
    return true
  }
}

export const define = (kind, more = {}) => ({
  kind,
  apiVersion: 1,
  name: 'isolated',
  configSchema,
  create: (options, context) => new Part(options, context),
  ...more
})
