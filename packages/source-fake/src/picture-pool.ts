import { createPicture, type Picture, type Plane, type RawFrame } from '@streamer/core/plugin'

/** Pictures that are kept for reuse; more than these are out at the same time only while somebody holds on to frames. */
const maxIdle = 8

/** A picture and the planes that show it. */
interface Entry {
  readonly picture: Picture
  readonly planes: readonly Plane[]
}

/** Pictures of one size, used again once their frame is released. A frame that is never released takes its memory along. */
export class PicturePool {
  readonly #width: number
  readonly #height: number
  readonly #idle: Entry[] = []

  /** @param width in pixels. @param height in pixels. */
  constructor(width: number, height: number) {
    this.#width = width
    this.#height = height
  }

  /** A frame whose picture holds whatever was drawn in it before. */
  take(sequence: number, timestampUs: number): PooledFrame {
    return new PooledFrame(this, this.#idle.pop() ?? this.#create(), sequence, timestampUs)
  }

  /** Called by `PooledFrame.release`. */
  giveBack(entry: Entry): void {
    if (this.#idle.length < maxIdle) this.#idle.push(entry)
  }

  #create(): Entry {
    const picture = createPicture(this.#width, this.#height)
    return { picture, planes: [{ data: picture.data, stride: picture.stride }] }
  }
}

/** A raw frame in `rgb24`. As a class it needs no closure per frame to find its way back. */
export class PooledFrame implements RawFrame {
  readonly kind = 'raw'
  readonly pixelFormat = 'rgb24'
  readonly width: number
  readonly height: number
  readonly planes: readonly Plane[]
  readonly #entry: Entry
  #pool: PicturePool | undefined

  constructor(
    pool: PicturePool,
    entry: Entry,
    readonly sequence: number,
    readonly timestampUs: number
  ) {
    this.#pool = pool
    this.#entry = entry
    this.width = entry.picture.width
    this.height = entry.picture.height
    this.planes = entry.planes
  }

  /** Where to draw before the frame is pushed. */
  get picture(): Picture {
    return this.#entry.picture
  }

  release(): void {
    this.#pool?.giveBack(this.#entry)
    // A second call must not put the picture into the pool twice.
    this.#pool = undefined
  }
}
