import { type ControlValue, type ErrorCode, StreamerError } from '@streamer/core/plugin'

/** A control as the helper describes it; the words for people are ours, see `control-words.ts`. */
export interface OfferedControl {
  readonly name: string
  readonly type: 'integer' | 'number' | 'boolean' | 'enum'
  readonly minimum?: number
  readonly maximum?: number
  readonly default: ControlValue
  readonly values?: readonly string[]
}

export type Values = Readonly<Record<string, ControlValue>>

/** What the helper says on its descriptor 3, a line of JSON each. */
export type HelperEvent =
  | {
      readonly event: 'ready'
      readonly libcamera: string
      readonly camera: { readonly id: string; readonly model: string }
      readonly width: number
      readonly height: number
      readonly pixelFormat: string
      readonly buffers: string
      readonly controls: readonly OfferedControl[]
      readonly values: Values
    }
  | { readonly event: 'applied'; readonly id: string; readonly sequence: number; readonly values: Values }
  | { readonly event: 'refused'; readonly id?: string; readonly message: string }
  | { readonly event: 'metadata'; readonly values: Values }
  | { readonly event: 'error'; readonly code: string; readonly message: string }

/** Longer ones are none of ours; the list of a camera's controls has a few thousand characters. */
const maxLineLength = 256 * 1024

/** Cuts what comes on the helper's descriptor 3 into events. */
export class EventReader {
  readonly #onEvent: (event: HelperEvent) => void
  readonly #onGarbage: () => void
  #rest = ''
  #isSkipping = false

  /** @param onGarbage called for each line that is no event. */
  constructor(onEvent: (event: HelperEvent) => void, onGarbage: () => void) {
    this.#onEvent = onEvent
    this.#onGarbage = onGarbage
  }

  push(chunk: Buffer): void {
    const lines = (this.#rest + chunk.toString('utf8')).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      if (this.#isSkipping) this.#isSkipping = false
      else this.#read(line)
    }
    if (this.#rest.length <= maxLineLength) return
    this.#rest = ''
    if (!this.#isSkipping) this.#onGarbage()
    this.#isSkipping = true
  }

  #read(line: string): void {
    let event: Partial<HelperEvent> | null
    try {
      event = JSON.parse(line)
    } catch {
      event = null
    }
    if (typeof event === 'object' && event !== null && typeof event.event === 'string') {
      this.#onEvent(event as HelperEvent)
    } else this.#onGarbage()
  }
}

const codes: Readonly<Record<string, ErrorCode>> = {
  'no-camera': 'ERR_CAMERA_NOT_FOUND',
  'not-found': 'ERR_CAMERA_NOT_FOUND',
  busy: 'ERR_CAMERA_BUSY',
  permission: 'ERR_CAMERA_PERMISSION',
  unsupported: 'ERR_CAMERA_UNSUPPORTED',
  disconnected: 'ERR_CAMERA_FAILED',
  failed: 'ERR_CAMERA_FAILED'
}

/** The helper's `error` event as an error. */
export function helperError({ code, message }: { readonly code: string; readonly message: string }): StreamerError {
  return new StreamerError(codes[code] ?? 'ERR_CAMERA_FAILED', `source-libcamera: ${message}`)
}

/** Lines of libcamera's log that say that a sensor has stopped giving frames, which nothing else does. */
const timeouts = /Camera frontend has timed out|Device timeout detected|Dequeue timer of .* has expired/i

/** Whether a line of libcamera's log means that the sensor does not answer. */
export function isSensorTimeout(line: string): boolean {
  return timeouts.test(line)
}
