/** Shows the frames of one stream on a canvas. While one is being decoded only the newest waits. */
export class Picture {
  /** Quarter turns, clockwise. */
  turns = 0
  #canvas
  #onShown
  #bitmap
  #waiting
  #isBusy = false

  /** @param onShown told of each frame that is on the canvas now, and of one that is no picture with `undefined`. */
  constructor(canvas, onShown) {
    this.#canvas = canvas
    this.#onShown = onShown
  }

  /** Takes a frame: `{ data, … }` with the bytes of a JPEG. */
  show(frame) {
    this.#waiting = frame
    if (!this.#isBusy) void this.#decode()
  }

  turn() {
    this.turns = (this.turns + 1) % 4
    this.#paint()
  }

  /** Another picture, turned as this one is shown. @param blob an image. @returns a JPEG. */
  async turned(blob, quality) {
    const bitmap = await createImageBitmap(blob)
    const canvas = document.createElement('canvas')
    draw(canvas, bitmap, this.turns)
    bitmap.close()
    return new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', quality))
  }

  /** Width and height, as it is shown; undefined before the first picture. */
  get shape() {
    if (!this.#bitmap) return undefined
    const { width, height } = this.#bitmap
    return this.turns % 2 ? [height, width] : [width, height]
  }

  async #decode() {
    this.#isBusy = true
    while (this.#waiting) {
      const frame = this.#waiting
      this.#waiting = undefined
      try {
        const bitmap = await createImageBitmap(new Blob([frame.data], { type: 'image/jpeg' }))
        this.#bitmap?.close()
        this.#bitmap = bitmap
        this.#paint()
        this.#onShown(frame)
      } catch {
        this.#onShown(undefined)
      }
    }
    this.#isBusy = false
  }

  #paint() {
    if (this.#bitmap) draw(this.#canvas, this.#bitmap, this.turns)
  }
}

function draw(canvas, bitmap, turns) {
  const [width, height] = turns % 2 ? [bitmap.height, bitmap.width] : [bitmap.width, bitmap.height]
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height })
  const context = canvas.getContext('2d')
  context.setTransform(1, 0, 0, 1, width / 2, height / 2)
  context.rotate((turns * Math.PI) / 2)
  context.drawImage(bitmap, -bitmap.width / 2, -bitmap.height / 2)
}
