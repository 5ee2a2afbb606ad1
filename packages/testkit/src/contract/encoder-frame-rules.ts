import jpegTurbo from '@julusian/jpeg-turbo'
import { type EncodedFrame, type Encoder, pixelFormats } from '@streamer/core/plugin'
import { type Colour, quartersIn, type Rows } from './encoder-pictures.js'
import type { EncoderRig, WithEncoder } from './encoder-rig.js'
import type { Rule } from './rules.js'
import { bytesOf, encodedProblem, hasBytes, jpegSizeProblem } from './source-frames.js'
import { checkJpeg } from './whole-jpeg.js'

const group = 'frames'
type Size = readonly [width: number, height: number]
/** Even and odd. */
const sizes: readonly Size[] = [
  [64, 48],
  [33, 17],
  [48, 64],
  [17, 33],
  [160, 16]
]
const tinySizes: readonly Size[] = [
  [16, 1],
  [1, 2],
  [1, 1]
]
const layouts: readonly Rows[] = [{}, { padding: 1 }, { padding: 32 }, { padding: 12, endsShort: true }]
/** What a colour may be off, of 255: the losses of a JPEG, and other ideas of what YUV means. */
const colourError = 60

/** What comes out of an encoder. */
export function encoderFrameRules(withEncoder: WithEncoder): Rule[] {
  return [
    rule('encodes every pixel format that it declares, in odd and tiny sizes, too', async (rig) => {
      const run = await rig.start()
      for (const pixelFormat of rig.pixelFormats) {
        for (const [width, height] of [...sizes.slice(0, 2), ...tinySizes]) {
          for (const rows of layouts) await rig.encode(run, { pixelFormat, width, height, ...rows })
        }
      }
    }),
    rule('shows the pixels of the frame, and not what lies between its rows', async (rig) => {
      const out: EncodedFrame[] = []
      const run = await rig.start((frame) => void out.push(frame))
      for (const pixelFormat of rig.pixelFormats) {
        for (const rows of layouts) {
          await rig.encode(run, { pixelFormat, ...rows })
          const text = `padding of ${rows.padding ?? 0} bytes${rows.endsShort ? ', none in the last row' : ''}`
          const problem = pictureProblem(out.at(-1)!, quartersIn(pixelFormat))
          if (problem) throw new Error(`a frame in ${pixelFormat} (${text}) ${problem}`)
        }
      }
    }),
    rule('refuses a pixel format that it does not declare, once, with ERR_PIXEL_FORMAT', async (rig) => {
      for (const pixelFormat of pixelFormats) {
        if (!rig.pixelFormats.includes(pixelFormat)) await assertRefused(rig, pixelFormat)
      }
    }),
    rule('leaves sequence, time and size of a frame as they are', async (rig) => {
      const out: EncodedFrame[] = []
      const run = await rig.start((frame) => void out.push(frame))
      // The core pushes a picture of its own with the sequence -1.
      for (const [index, sequence] of [0, 7, -1, 8, 1].entries()) {
        const [width, height] = sizes[index]!
        const given = await rig.encode(run, { sequence, width, height })
        const got = out.at(-1)!
        for (const name of ['sequence', 'timestampUs', 'width', 'height'] as const) {
          if (got[name] !== given[name])
            throw new Error(`the ${name} of a frame went from ${given[name]} to ${got[name]}`)
        }
      }
    }),
    rule('gives whole pictures in its codec', async (rig) => {
      const run = await rig.start((frame) => {
        if (frame.codec !== rig.part.output) throw new Error(`a frame is ${frame.codec}, not ${rig.part.output}`)
        const problem = encodedProblem(frame)
        if (problem) throw new Error(`a frame ${problem}`)
      })
      for (const [width, height] of sizes) await rig.encode(run, { width, height })
      run.rethrow()
    }),
    rule('gives JPEGs of the size of the frame', async (rig) => {
      let data = new Uint8Array()
      const run = await rig.start((frame) => {
        data = frame.codec === 'mjpeg' ? Uint8Array.from(frame.data) : data
      })
      for (const [width, height] of sizes) {
        await rig.encode(run, { width, height })
        const problem = data.length > 0 && jpegSizeProblem(data, width, height)
        if (problem) throw new Error(`a frame ${problem}`)
      }
    }),
    rule('gives frames in the order in which they came', async (rig) => {
      let before = -1
      const run = await rig.start(({ sequence }) => {
        if (sequence <= before) throw new Error(`the frame ${sequence} came after the frame ${before}`)
        before = sequence
      })
      // Large ones take longer than the small ones that follow them.
      for (let times = 0; times < 4; times++) {
        const width = 320 * (times + 1)
        await rig.settle([rig.pushNext({ width, height: 240 }), rig.pushNext(), rig.pushNext(), rig.pushNext()])
      }
      await rig.flush(run)
      run.rethrow()
    }),
    rule('leaves the bytes that it gave alone', async (rig) => {
      const kept: Array<{ readonly frame: EncodedFrame; readonly bytes: Uint8Array[] }> = []
      const run = await rig.start((frame) => {
        if (kept.length < 3) kept.push({ frame, bytes: bytesOf(frame) })
      })
      // Other pictures than the first ones, or the same bytes in the same memory would not be noticed.
      for (let index = 0; index < 8; index++) await rig.encode(run, { width: 64 + index * 8 })
      const broken = kept.find(({ frame, bytes }) => !hasBytes(frame, bytes))
      if (broken) throw new Error(`the bytes of the frame ${broken.frame.sequence} were changed after it was pushed`)
    })
  ]

  function rule(name: string, check: (rig: EncoderRig) => Promise<void>): Rule {
    return { group, name, check: () => withEncoder(check) }
  }
}

/** Whether the encoder gives what it declares. */
export function assertOutput(declared: string, { output }: Encoder): void {
  if (output !== declared) throw new Error(`its output is ${output}, and declared is ${declared}`)
}

async function assertRefused(rig: EncoderRig, pixelFormat: (typeof pixelFormats)[number]): Promise<void> {
  const run = await rig.start()
  const frames = [rig.pushNext({ pixelFormat }), rig.pushNext({ pixelFormat })]
  await rig.within(
    `refusing the pixel format ${pixelFormat}, which it does not declare,`,
    run.until(() => run.failures.length > 0 || run.count > 0)
  )
  if (run.count > 0) throw new Error(`it encodes ${pixelFormat}, which it does not declare`)
  await rig.settle(frames)
  run.abort()
  await rig.stop()
  const { code } = run.failures[0] as { code?: unknown }
  if (code !== 'ERR_PIXEL_FORMAT') throw new Error(`it refused ${pixelFormat} with ${code}, not with ERR_PIXEL_FORMAT`)
  if (run.failures.length > 1) throw new Error(`it refused ${pixelFormat} ${run.failures.length} times in one run`)
}

/** What is wrong with a JPEG of four quarters. */
function pictureProblem({ codec, data }: EncodedFrame, colours: readonly Colour[]): string | undefined {
  // Whether it is whole is asked by another rule.
  if (codec !== 'mjpeg' || 'problem' in checkJpeg(data)) return undefined
  const { FORMAT_RGB, decompressSync } = jpegTurbo
  let picture: { readonly data: Buffer; readonly width: number; readonly height: number }
  try {
    picture = decompressSync(Buffer.from(data), { format: FORMAT_RGB })
  } catch (error) {
    return `cannot be decoded: ${error}`
  }
  const { width, height, data: pixels } = picture
  for (const [quarter, colour] of colours.entries()) {
    const x = Math.floor((width * (quarter % 2 === 0 ? 1 : 3)) / 4)
    const y = Math.floor((height * (quarter < 2 ? 1 : 3)) / 4)
    const found = [...pixels.subarray((y * width + x) * 3, (y * width + x + 1) * 3)]
    if (found.some((value, index) => Math.abs(value - colour[index]!) > colourError)) {
      return `shows the colour ${found} at ${x}, ${y}, and it had ${colour.map(Math.round)} there`
    }
  }
  return undefined
}
