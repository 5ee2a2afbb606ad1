import { setTimeout as pause } from 'node:timers/promises'
import type {
  EncodedFrame,
  Encoder,
  EncoderPlugin,
  EncoderRun,
  Frame,
  PixelFormat,
  RawFrame
} from '@streamer/core/plugin'
import sound, { configSchema, type JpegEncoderOptions } from '@streamer/encoder-jpeg'
import { z } from 'zod'
import { brokenControls } from './controls-broken.js'
import { brokenParts, changed } from './part-broken.js'

type Plugin = EncoderPlugin<JpegEncoderOptions>

/** An encoder that breaks one rule. */
export interface BrokenEncoder {
  readonly rule: string
  /** How it breaks it. */
  readonly how: string
  /** What the rule says of it. */
  readonly message: RegExp
  /** It never does something that is awaited. */
  readonly hangs?: true
  readonly plugin?: Partial<Plugin>
  /** Changes the encoder that is made. */
  readonly encoder?: (encoder: Encoder) => Encoder
}

/** The JPEG encoder as a plugin, changed. */
export function changedPlugin({
  plugin,
  encoder = (whole) => whole
}: Pick<BrokenEncoder, 'plugin' | 'encoder'>): Plugin {
  return { ...sound, create: (options, context) => encoder(sound.create(options, context)), ...plugin }
}

/** An encoder that gives other frames than it would. */
function gives(change: (frame: EncodedFrame) => Partial<EncodedFrame>): (encoder: Encoder) => Encoder {
  return withRun((run) => ({ push: (frame) => run.push({ ...frame, ...change(frame) }) }))
}

function withRun(change: (run: EncoderRun) => Partial<EncoderRun>): (encoder: Encoder) => Encoder {
  return (encoder) =>
    changed(encoder, {
      start: (run) => encoder.start({ signal: run.signal, push: run.push, fail: run.fail, ...change(run) })
    })
}

/** An encoder that is given other raw frames than it is. */
function takes(change: (frame: RawFrame) => RawFrame): (encoder: Encoder) => Encoder {
  return (encoder) => changed(encoder, { push: (frame) => encoder.push(frame.kind === 'raw' ? change(frame) : frame) })
}

/** The same frame with another way to give it back. */
function releasing(frame: RawFrame, release: () => void): RawFrame {
  const { kind, pixelFormat, planes, sequence, timestampUs, width, height } = frame
  return { kind, pixelFormat, planes, sequence, timestampUs, width, height, release }
}

/** Whatever the source does then. */
function giveBack(frame: Frame): void {
  try {
    if (frame.kind === 'raw') frame.release?.()
  } catch {
    // A sound encoder goes on.
  }
}

/** What an encoder knows of its own run. */
interface State {
  run: EncoderRun | undefined
  isStarted: boolean
}

/** An encoder that does something else with frames. */
function pushes(push: (frame: Frame, encoder: Encoder, state: State) => void): (encoder: Encoder) => Encoder {
  return (encoder) => {
    const state: State = { run: undefined, isStarted: false }
    return changed(encoder, {
      async start(run) {
        // A start that is refused leaves the run that there is.
        await encoder.start(run)
        state.run = run
        state.isStarted = true
      },
      async stop() {
        state.run = undefined
        await encoder.stop()
      },
      push: (frame) => push(frame, encoder, state)
    })
  }
}

/** Holds frames back until the encoder is free, without end. */
function queueing(encoder: Encoder): Encoder {
  const queue: Frame[] = []
  let isBusy = false
  const next = () => {
    const frame = queue.shift()
    isBusy = frame !== undefined
    if (frame) encoder.push(frame)
  }
  const waiting = pushes((frame, _encoder, { run }) => {
    if (!run || run.signal.aborted || frame.kind === 'encoded') return encoder.push(frame)
    const release = () => {
      giveBack(frame)
      // The encoder would put a frame that it gets within this call in its place.
      setImmediate(next)
    }
    queue.push(releasing(frame, release))
    if (!isBusy) next()
  })(encoder)
  return changed(waiting, {
    async stop() {
      for (const frame of queue.splice(0)) giveBack(frame)
      await waiting.stop()
    }
  })
}

const { controls: _controls, ...withoutControls } = sound.supports ?? {}

export const brokenEncoders: readonly BrokenEncoder[] = [
  {
    rule: 'is an encoder plugin of this API version',
    how: 'is made for another version',
    message: /its API version is 0/,
    plugin: { apiVersion: 0 }
  },
  {
    rule: 'refuses an option that it does not have, by name',
    how: 'takes any option',
    message: /takes the option noSuchOption/,
    plugin: { configSchema: z.object(configSchema.shape) }
  },
  {
    rule: 'refuses a wrong value with the path of its key',
    how: 'takes anything as quality',
    message: /takes an object as quality/,
    plugin: { configSchema: configSchema.extend({ quality: z.any().transform(() => 80) }) }
  },
  {
    rule: 'gives the codec that it declares',
    how: 'declares another codec',
    message: /its output is mjpeg, and declared is h264/,
    plugin: { supports: { ...sound.supports, codec: 'h264' } }
  },
  {
    rule: 'has controls if it declares them, and only then',
    how: 'does not declare the controls that it has',
    message: /has controls that `supports` does not declare/,
    plugin: { supports: withoutControls }
  },
  ...brokenParts<Encoder>().map(({ change, ...broken }): BrokenEncoder => ({ ...broken, encoder: change })),
  {
    rule: 'encodes every pixel format that it declares, in odd and tiny sizes, too',
    how: 'gives nothing for a picture of one pixel',
    message: /encoding a frame of 1x1 in \w+ was not done/,
    hangs: true,
    encoder: pushes((frame, encoder) => {
      if (frame.kind === 'raw' && frame.width === 1 && frame.height === 1) frame.release?.()
      else encoder.push(frame)
    })
  },
  {
    rule: 'encodes every pixel format that it declares, in odd and tiny sizes, too',
    how: 'fails for odd rows with padding',
    message: /failed while it was running: no such stride/,
    encoder: pushes((frame, encoder, { run }) => {
      if (frame.kind === 'encoded' || frame.width % 2 === 0 || frame.planes[0]?.stride !== 45) encoder.push(frame)
      else {
        frame.release?.()
        run?.fail(new Error('no such stride'))
      }
    })
  },
  {
    rule: 'shows the pixels of the frame, and not what lies between its rows',
    how: 'takes padding for pixels',
    message: /\(padding of \d+ bytes.*\) shows the colour/,
    encoder: takes((frame) => {
      const [plane] = frame.planes
      const packed = { rgb24: 3, bgr24: 3, rgba: 4, bgra: 4 }[frame.pixelFormat as string] ?? 1
      const stride = frame.width * packed
      // Broken frames stay as they are.
      if (!plane || plane.stride <= stride || frame.width < 16) return frame
      const release = () => frame.release?.()
      return { ...releasing(frame, release), planes: [{ data: plane.data, stride }] }
    })
  },
  {
    rule: 'shows the pixels of the frame, and not what lies between its rows',
    how: 'takes red for blue',
    message: /shows the colour/,
    encoder: takes((frame) => {
      const others: Partial<Record<PixelFormat, PixelFormat>> = { rgb24: 'bgr24', bgr24: 'rgb24' }
      const release = () => frame.release?.()
      return { ...releasing(frame, release), pixelFormat: others[frame.pixelFormat] ?? frame.pixelFormat }
    })
  },
  {
    rule: 'refuses a pixel format that it does not declare, once, with ERR_PIXEL_FORMAT',
    how: 'refuses with another error',
    message: /refused \w+ with undefined, not with ERR_PIXEL_FORMAT/,
    encoder: withRun((run) => ({ fail: ({ message }) => run.fail(new Error(message)) }))
  },
  {
    rule: 'refuses a pixel format that it does not declare, once, with ERR_PIXEL_FORMAT',
    how: 'passes over what it cannot read without a word',
    message: /refusing the pixel format \w+, which it does not declare, was not done/,
    hangs: true,
    encoder: withRun(() => ({ fail: () => {} }))
  },
  {
    rule: 'refuses a pixel format that it does not declare, once, with ERR_PIXEL_FORMAT',
    how: 'does not declare a format that it encodes',
    message: /encodes bgr24, which it does not declare/,
    plugin: { supports: { ...sound.supports, pixelFormats: ['rgb24'] } }
  },
  {
    rule: 'leaves sequence, time and size of a frame as they are',
    how: 'numbers frames itself',
    message: /the sequence of a frame went from/,
    encoder: (encoder) => {
      let next = 0
      // Those that the core draws.
      return gives(({ sequence }) => ({ sequence: sequence < 0 ? next++ : sequence }))(encoder)
    }
  },
  {
    rule: 'leaves sequence, time and size of a frame as they are',
    how: 'dates frames when they are encoded',
    message: /the timestampUs of a frame went from/,
    encoder: gives(({ timestampUs }) => ({ timestampUs: timestampUs + 1 }))
  },
  {
    rule: 'gives whole pictures in its codec',
    how: 'leaves the end of a JPEG out',
    message: /a frame is no JPEG/,
    encoder: gives(({ data }) => ({ data: data.subarray(0, -2) }))
  },
  {
    rule: 'gives whole pictures in its codec',
    how: 'does not call JPEGs keyframes',
    message: /not marked as a keyframe/,
    encoder: gives(() => ({ keyframe: false }))
  },
  {
    rule: 'gives JPEGs of the size of the frame',
    how: 'encodes half the width',
    message: /is a JPEG of 16x17 pixels, not of 33x17/,
    encoder: (encoder) => {
      const widths = new Map<number, number>()
      const half = takes((frame) => {
        if (frame.width !== 33) return frame
        widths.set(frame.sequence, frame.width)
        return { ...releasing(frame, () => frame.release?.()), width: 16 }
      })(encoder)
      return gives(({ sequence, width }) => ({ width: widths.get(sequence) ?? width }))(half)
    }
  },
  {
    rule: 'gives frames in the order in which they came',
    how: 'lets small frames overtake large ones',
    message: /the frame \d+ came after the frame \d+/,
    encoder: withRun((run) => {
      let release = () => {}
      return {
        async push(frame) {
          // Until a small one has gone by, however long that takes on a busy machine; the last ones have none behind them.
          if (frame.width > 320) await Promise.race([new Promise<void>((resolve) => (release = resolve)), pause(1000)])
          run.push(frame)
          if (frame.width <= 320) release()
        }
      }
    })
  },
  {
    rule: 'leaves the bytes that it gave alone',
    how: 'writes each JPEG into the same memory',
    message: /the bytes of the frame \d+ were changed after it was pushed/,
    encoder: (encoder) => {
      const memory = Buffer.alloc(1 << 20)
      return gives(({ data }) => {
        memory.set(data)
        return { data: memory.subarray(0, data.length) }
      })(encoder)
    }
  },
  {
    rule: 'gives a frame back that comes before the start, and nothing comes of it',
    how: 'encodes it when it has started',
    message: /encoded a frame that was pushed before the start/,
    encoder: (encoder) => {
      let early: Frame | undefined
      const keeping = pushes((frame, _encoder, { isStarted }) => {
        if (isStarted) encoder.push(frame)
        else early ??= frame
      })(encoder)
      return changed(keeping, {
        async start(run) {
          await keeping.start(run)
          if (early) encoder.push(early)
          early = undefined
        }
      })
    }
  },
  {
    rule: 'gives a frame back that comes before the start, and nothing comes of it',
    how: 'keeps it',
    message: /did not give a frame back that was pushed before the start/,
    encoder: pushes((frame, encoder, { isStarted }) => {
      if (isStarted) encoder.push(frame)
    })
  },
  {
    rule: 'gives a frame back that comes after the stop, and nothing comes of it',
    how: 'throws',
    message: /push\(\) of the encoder threw: it is closed/,
    encoder: (encoder) => {
      let isAborted = false
      const closing = pushes((frame, _encoder, { run, isStarted }) => {
        if (isStarted && !run && isAborted) throw new Error('it is closed')
        isAborted = run?.signal.aborted ?? isAborted
        encoder.push(frame)
      })(encoder)
      return changed(closing, {
        async start(run) {
          await closing.start(run)
          run.signal.addEventListener('abort', () => {
            isAborted = true
          })
        }
      })
    }
  },
  {
    rule: 'gives a frame back that comes after the stop, and nothing comes of it',
    how: 'gives it back twice',
    message: /gave a frame back 2 times that was pushed after the stop/,
    encoder: pushes((frame, encoder, { run, isStarted }) => {
      if (isStarted && !run && frame.kind === 'raw') frame.release?.()
      encoder.push(frame)
    })
  },
  {
    rule: 'gives each frame back once that it encodes',
    how: 'gives it back again when it has come out',
    message: /gave a frame back 2 times that it encoded/,
    encoder: (encoder) => {
      const small = new Map<number, RawFrame>()
      const noting = takes((frame) => {
        // Bursts are of larger ones.
        if (frame.width < 320) small.set(frame.sequence, frame)
        return frame
      })(encoder)
      return withRun((run) => ({
        push: (frame) => {
          run.push(frame)
          const given = small.get(frame.sequence)
          if (given) setImmediate(() => giveBack(given))
        }
      }))(noting)
    }
  },
  {
    rule: 'gives each frame back once that it drops or that is still in it at the stop',
    how: 'keeps frames that it drops',
    message: /did not give a frame back of several that came at once/,
    encoder: takes((frame) =>
      // Every tenth of a burst.
      frame.width === 320 && frame.sequence % 10 === 5 ? releasing(frame, () => {}) : frame
    )
  },
  {
    rule: 'holds few frames when more come than it can encode',
    how: 'keeps all of them in a queue',
    message: /holds \d+ of 48 frames that came at once/,
    encoder: queueing
  },
  {
    rule: 'always gives the newest of the frames that it was given',
    how: 'drops what comes while it is busy',
    message: /encoding the newest of several frames that came at once was not done/,
    hangs: true,
    encoder: (encoder) => {
      let dropped = 0
      let busy = 0
      const dropping = pushes((frame, _encoder, { run }) => {
        if (!run || run.signal.aborted || frame.kind === 'encoded') return encoder.push(frame)
        if (busy > 1) {
          dropped++
          giveBack(frame)
          return
        }
        busy++
        const release = () => {
          busy--
          giveBack(frame)
        }
        encoder.push(releasing(frame, release))
      })(encoder)
      return changed(dropping, {
        stats: () => ({ ...encoder.stats?.(), dropped: (encoder.stats?.().dropped ?? 0) + dropped })
      })
    }
  },
  {
    rule: 'counts the frames that it does not encode',
    how: 'counts nothing',
    message: /of 48 frames it did not encode \d+, and none of its counters grew by \d+/,
    encoder: (encoder) => changed(encoder, { stats: () => ({}) })
  },
  {
    rule: 'neither throws nor hangs when a frame is not what it says',
    how: 'throws when planes are missing',
    message: /a frame without planes \(rgb24\): push\(\) of the encoder threw/,
    encoder: takes((frame) => {
      if (frame.planes.length === 0) throw new TypeError('there are no planes')
      return frame
    })
  },
  {
    rule: 'neither throws nor hangs when a frame is not what it says',
    how: 'encodes what it does not have',
    message: /a frame with planes that are too short \(rgb24\): it encoded a frame/,
    encoder: takes((frame) => {
      const [plane] = frame.planes
      if (!plane || frame.width !== 64 || plane.stride < 64 || plane.data.length === 0) return frame
      const data = new Uint8Array(plane.stride * frame.height)
      data.set(plane.data.subarray(0, data.length))
      return { ...releasing(frame, () => frame.release?.()), planes: [{ data, stride: plane.stride }] }
    })
  },
  {
    rule: 'goes on when a frame cannot be given back',
    how: 'throws what the source throws',
    message: /push\(\) of the encoder threw: the source does not take this frame back/,
    encoder: takes((frame) => {
      const planes = frame.planes.map(({ data, stride }) => ({ data: data.slice(), stride }))
      frame.release?.()
      return { ...releasing(frame, () => {}), planes }
    })
  },
  ...brokenControls.map(({ change, ...broken }): BrokenEncoder => ({ ...broken, encoder: change }))
]
