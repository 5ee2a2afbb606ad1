import { Clock } from './clock.js'
import { readFrame } from './message.js'

/** Nothing came for so long, not even an answer to a question: the connection is dead, whatever the browser says. Milliseconds. */
const silenceMs = 6000
/** How often the server is asked for its clock; also a sign of life. */
const askMs = 2000
/** Pauses before another try. */
const pausesMs = [250, 500, 1000, 2000, 4000]
/** So many connections in a row that brought nothing while the server answered other questions, and there is something on the way that lets no WebSocket through. */
const enough = 3
/** Then it is tried again now and then: what stood in the way may have gone. Milliseconds. */
const retryMs = 30_000

/** The frames of all streams over one WebSocket, opened again whenever it is lost. */
export class Live {
  #address
  #host
  #socket
  #wanted = {}
  #timer
  /** Connections in a row that brought nothing. */
  #failures = 0
  /** Those of them of which the server's other answers say that it is not the server. */
  #vain = 0
  #hasFailed = false
  #isHeld = false
  #heardMs = 0
  #openedMs = 0
  #clock = new Clock()
  /** What the server has, by its numbers; undefined until it has said so. */
  #names

  /**
   * @param address gives the address, anew for each connection.
   * @param host `frame(name, frame)`, `up()`, `down()`, `useless()`: told of frames, of a connection that stands, of one that was lost, and when this
   *   brings nothing here; it is tried again all the same, and a frame says that it is of use again.
   */
  constructor(address, host) {
    this.#address = address
    this.#host = host
    setInterval(() => this.#ask(), askMs)
  }

  /** It brings nothing here, for now. */
  get isUseless() {
    return this.#vain >= enough
  }

  /** Asks for streams: `{ front: {}, door: { fps: 5 } }`. None: the connection is closed. */
  watch(wanted) {
    const before = JSON.stringify(this.#wanted)
    this.#wanted = wanted
    if (Object.keys(wanted).length === 0) this.#close()
    else if (!this.#socket && this.#timer === undefined) this.#open()
    else if (before !== JSON.stringify(wanted)) this.#sayWanted()
  }

  /** Tries again at once, when it is waiting to. */
  hurry() {
    if (this.#timer === undefined) return
    clearTimeout(this.#timer)
    this.#open()
  }

  /** It was not what lies on the way that let no connection through: goes on trying, at a slow pace. */
  again() {
    this.#vain = 0
    this.#hasFailed = false
    if (this.#timer === undefined) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#open(), pausesMs.at(-1))
  }

  /** Opens the connection anew: what it should bring does not come. */
  renew() {
    const nowMs = performance.now()
    if (!this.#socket || nowMs - this.#openedMs < silenceMs) return
    this.#close()
    this.#host.down()
    this.#open()
  }

  /** The server has answered another question. */
  answered() {
    this.#isHeld = false
    if (this.#hasFailed) {
      this.#hasFailed = false
      this.#vain++
      if (this.#vain === enough) this.#host.useless()
    }
    if (!this.#socket && this.#timer === undefined) this.#open()
  }

  /** The server has answered nothing, so that it is no wonder that this does not get through. @param isHeld whether to try nothing before it does. */
  unanswered(isHeld) {
    this.#isHeld = isHeld
    this.#hasFailed = false
    if (this.#vain < enough) this.#vain = 0
  }

  #open() {
    this.#timer = undefined
    if (this.#isHeld || Object.keys(this.#wanted).length === 0) return
    const socket = new WebSocket(this.#address())
    socket.binaryType = 'arraybuffer'
    this.#socket = socket
    this.#openedMs = this.#heardMs = performance.now()
    this.#clock.forget()
    this.#names = undefined
    socket.onopen = () => this.#ask()
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
    this.#hasFailed = true
    const pauseMs = this.isUseless ? retryMs : pausesMs[Math.min(this.#failures, pausesMs.length) - 1]
    this.#timer = setTimeout(() => this.#open(), pauseMs)
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
    const name = this.#names?.[frame.stream]
    if (name === undefined) return
    // A connection that brings nothing of what was asked for is none: some proxies let it begin and cut it.
    this.#failures = this.#vain = 0
    this.#hasFailed = false
    this.#host.frame(name, { ...frame, capturedMs: this.#clock.ours(frame.capturedMs) })
  }

  #hear(message) {
    if (message.streams) {
      this.#names = message.streams.map((stream) => stream.name ?? stream)
      this.#host.up()
      this.#sayWanted()
    } else if (message.pong !== undefined) this.#clock.note(message.pong, message.now)
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

  /** One name that the server does not know, and it would do nothing of what is asked. */
  #sayWanted() {
    if (this.#names === undefined) return
    const known = Object.entries(this.#wanted).filter(([name]) => this.#names.includes(name))
    this.#say({ watch: Object.fromEntries(known) })
  }

  #say(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message))
  }
}
