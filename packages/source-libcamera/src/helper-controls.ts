import { type Control, type Controls, type ControlValue, checkControls } from '@streamer/core/plugin'
import { type LibcameraConfig, rotations } from './config.js'
import { describeControl } from './control-words.js'
import type { OfferedControl, Values } from './helper-events.js'

/** Sends changes to a running helper; resolves with what is in force then. */
export type SendChanges = (values: Values) => Promise<Values>

/** What every camera has, with the widest ranges; its own are known when it has been asked. */
const common: readonly OfferedControl[] = [
  { name: 'framerate', type: 'number', minimum: 0.1, maximum: 1000, default: 30 },
  { name: 'quality', type: 'integer', minimum: 1, maximum: 100, default: 80 },
  { name: 'width', type: 'integer', minimum: 16, maximum: 16384, default: 640 },
  { name: 'height', type: 'integer', minimum: 16, maximum: 16384, default: 480 },
  { name: 'rotation', type: 'enum', values: rotations.map(String), default: '0' },
  { name: 'flipHorizontal', type: 'boolean', default: false },
  { name: 'flipVertical', type: 'boolean', default: false }
]

/**
 * The live settings of a camera behind the helper. What was set holds over restarts, and what is set while the camera does not run holds from its
 * next start on.
 */
export class HelperControls implements Controls {
  readonly #configured: Values
  /** What people asked for, the latest last: the order in which it is asked for again. */
  readonly #wanted = new Map<string, ControlValue>()
  #list: readonly Control[]
  #values: Record<string, ControlValue>
  #send: SendChanges | undefined

  /** @param configured what the configuration says, by name of the control. */
  constructor(configured: Values) {
    this.#configured = configured
    this.#values = { ...configured }
    for (const [name, value] of Object.entries(configured)) this.#wanted.set(name, value)
    this.#list = this.#describe(common)
  }

  /** All that is to be asked for when the camera starts. */
  get wanted(): ReadonlyMap<string, ControlValue> {
    return this.#wanted
  }

  list(): readonly Control[] {
    return this.#list
  }

  values(): Values {
    return Object.fromEntries(this.#list.map(({ name, default: initial }) => [name, this.#values[name] ?? initial]))
  }

  async set(values: Values): Promise<Values> {
    checkControls('source-libcamera', this.#list, values)
    const before = [...this.#wanted]
    for (const [name, value] of Object.entries(values)) {
      this.#wanted.delete(name)
      this.#wanted.set(name, value)
    }
    try {
      Object.assign(this.#values, values, await this.#send?.(values))
    } catch (error) {
      this.#wanted.clear()
      for (const [name, value] of before) this.#wanted.set(name, value)
      throw error
    }
    return this.values()
  }

  /** The camera runs, with these. */
  connect(offered: readonly OfferedControl[], values: Values, send: SendChanges): void {
    this.#list = this.#describe(offered)
    Object.assign(this.#values, values)
    this.#send = send
  }

  /** What the camera offers besides, before it runs for the first time. */
  know(offered: readonly OfferedControl[]): void {
    this.#list = this.#describe([...common, ...offered])
  }

  /** It runs no more. */
  disconnect(): void {
    this.#send = undefined
  }

  /** What a frame was taken with. */
  observe(values: Values): void {
    Object.assign(this.#values, values)
  }

  /** The camera does not take this one. */
  forget(name: string): void {
    this.#wanted.delete(name)
    delete this.#values[name]
  }

  #describe(offered: readonly OfferedControl[]): readonly Control[] {
    return offered.flatMap((control) => {
      // Where the configuration says something, that is what a person gets without doing anything.
      return describeControl({ ...control, default: nearest(control, this.#configured[control.name]) }) ?? []
    })
  }
}

/** What a camera makes of a configured value: the nearest that it has, or its own default. */
function nearest(
  { type, minimum, maximum, values, default: own }: OfferedControl,
  configured: ControlValue | undefined
) {
  if (typeof configured !== typeof own || configured === undefined) return own
  if (typeof configured === 'number') {
    if (type === 'integer' && !Number.isInteger(configured)) return own
    return Math.min(Math.max(configured, minimum ?? configured), maximum ?? configured)
  }
  return values === undefined || values.includes(configured as string) ? configured : own
}

/** What the configuration says, by name of the control. */
export function configuredValues(options: LibcameraConfig): Values {
  const { width, height, framerate, quality, rotation, flipHorizontal, flipVertical, controls } = options
  return { width, height, framerate, quality, rotation: String(rotation), flipHorizontal, flipVertical, ...controls }
}
