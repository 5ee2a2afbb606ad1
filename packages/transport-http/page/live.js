import { readFrame } from './message.js'

/** Nothing came for so long, not even an answer to a question: the connection is dead, whatever the browser says. Milliseconds. */
const silenceMs = 6000
/** How often the server is asked for its clock; also a sign of life. */
const askMs = 2000
/** Pauses before another try. */
const pausesMs = [250, 500, 1000, 2000, 4000]
/** So many connections that brought nothing, and there is something on the way that lets no WebSocket through. */
const enough = 3

/** The frames of all streams over one WebSocket, opened again whenever it is lost. */
export class Live {
  #url
  #host
  #socket
  #wanted = {}
  #timer
  #failures = 0
  #heardMs = 0
  #isEnded = false
  /** What the server's clock is ahead of ours, milliseconds, from the quickest of the last answers. */
  #offsetMs
  #answers = []
  #names = []
  #asking
  #openedMs = 0

  /**
   * @param host `frame(name, frame)`, `up()`, `down()`, `useless()`: told of frames, of a connection that stands, of one that was lost, and when this is
   *   no use here.
   */
  constructor(url, host) {
    this.#url = url
    this.#host = host
    this.#asking = setInterval(() => this.#ask(), askMs)
  }
  /** Asks for streams: `{ front: {}, door: { fps: 5 } }`. None: the connection is closed. */
  watch(wanted) {
    const before = JSON.stringify(this.#wanted)
    this.#wanted = wanted
    if (Object.keys(wanted).length === 0) this.#close()
    else if (!this.#socket && !this.#timer) this.#open()
    else if (before !== JSON.stringify(wanted)) this.#say({ watch: wanted })
  }

  /** Tries again at once, when it is waiting to. */
  hurry() {
    if (this.#timer === undefined) return
    clearTimeout(this.#timer)
    this.#open()
  }

  /** Opens the connection anew: what it should bring does not come. */
  renew() {
    const nowMs = performance.now()
    if (!this.#socket || nowMs - this.#openedMs < silenceMs) return
    this.#close()
    this.#host.down()
    this.#open()
  }

  end() {
    this.#isEnded = true
    clearInterval(this.#asking)
    this.#close()
  }

  #open() {
    this.#timer = undefined
    if (this.#isEnded || Object.keys(this.#wanted).length === 0) return
    const socket = new WebSocket(this.#url)
    socket.binaryType = 'arraybuffer'
    this.#socket = socket
    this.#openedMs = this.#heardMs = performance.now()
    this.#answers = []
    this.#offsetMs = undefined
    socket.onopen = () => {
      this.#ask()
      this.#say({ watch: this.#wanted })
    }
    socket.onmessage = ({ data }) => {
      if (socket === this.#socket) this.#take(data)
    }
    socket.onclose = () => {
      if (socket === this.#socket) this.#lost()
    }
  }

  #lost() {
    this.#socket = undefined
    this.#host.down()
    this.#failures++
    if (this.#failures >= enough) {
      this.#host.useless()
      return
    }
    this.#timer = setTimeout(() => this.#open(), pausesMs[Math.min(this.#failures, pausesMs.length) - 1])
  }

  #close() {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const socket = this.#socket
    this.#socket = undefined
    socket?.close()
  }

  #take(data) {
    this.#heardMs = performance.now()
    if (typeof data === 'string') {
      this.#hear(JSON.parse(data))
      return
    }
    const frame = readFrame(data)
    const name = this.#names[frame.stream]
    if (name === undefined) return
    const capturedMs = this.#offsetMs === undefined ? undefined : frame.capturedMs - this.#offsetMs
    this.#host.frame(name, { ...frame, capturedMs })
  }

  #hear(message) {
    if (message.streams) {
      this.#names = message.streams.map((stream) => stream.name ?? stream)
      this.#failures = 0
      this.#host.up()
    } else if (message.pong !== undefined) {
      const nowMs = Date.now()
      const roundTripMs = nowMs - message.pong
      this.#answers.push({ roundTripMs, offsetMs: message.now - (message.pong + roundTripMs / 2) })
      if (this.#answers.length > 8) this.#answers.shift()
      this.#offsetMs = this.#answers.reduce((best, one) => (one.roundTripMs < best.roundTripMs ? one : best)).offsetMs
    }
  }

  #ask() {
    if (!this.#socket) return
    if (performance.now() - this.#heardMs > silenceMs) {
      const socket = this.#socket
      socket.onclose = null
      socket.close()
      this.#lost()
    } else this.#say({ ping: Date.now() })
  }

  #say(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message))
  }
}
