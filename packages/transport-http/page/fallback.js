/** Live pictures that one page opens: a browser has six connections for a server, and some are for other questions. */
const livePictures = 3
/** So long may a stream take to begin, also in a browser that has no connection left for it. */
const patienceMs = 10_000

/** One stream in an `<img>`, where no WebSocket comes through: MJPEG, or one snapshot after the other where there are too many streams. */
export class Fallback {
  #image
  #address
  #isLive
  #onShown
  #timer
  #failures = 0
  #loadedMs = 0
  #hasBegun = false
  #isOn = false

  constructor(image, address, index, onShown) {
    this.#image = image
    this.#address = address
    this.#isLive = index < livePictures
    this.#onShown = onShown
    image.addEventListener('load', () => {
      if (!this.#isOn) return
      this.#failures = 0
      this.#onShown()
      if (!this.#isLive) this.#timer = setTimeout(() => this.#load(), 1000)
    })
    image.addEventListener('error', () => {
      if (this.#isOn) this.#later()
    })
  }

  start() {
    if (this.#isOn) return
    this.#isOn = true
    this.#load()
  }

  /** Closes the connection. */
  stop() {
    this.#isOn = false
    clearTimeout(this.#timer)
    this.#image.removeAttribute('src')
  }

  /** Chromium does not say that a stream was cut, but the server knows which ones of this page are open. */
  follow(isOpen) {
    if (!this.#isOn || !this.#isLive) return
    if (isOpen) this.#hasBegun = true
    else if (this.#hasBegun || performance.now() - this.#loadedMs > patienceMs) this.#later()
  }

  /** The server was started anew. */
  reload() {
    if (this.#isOn) this.#load()
  }

  #later() {
    clearTimeout(this.#timer)
    // What cannot be had as a stream may be had as snapshots.
    if (this.#failures >= 3) this.#isLive = false
    this.#timer = setTimeout(() => this.#load(), Math.min(10_000, 500 * 2 ** this.#failures++))
    this.#loadedMs = performance.now()
    this.#hasBegun = false
  }

  #load() {
    clearTimeout(this.#timer)
    this.#loadedMs = performance.now()
    this.#hasBegun = false
    this.#image.src = this.#address(this.#isLive ? 'stream.mjpg' : 'snapshot.jpg', { t: String(Date.now()) })
  }
}
