/**
 * What Node itself costs for the same work: a `node:net` server in as little JavaScript as it takes. One buffer per picture for all clients, one write per client and
 * frame, the newest frame for a client that was busy; no limits, no statistics, no second stream. HTTP only.
 *
 * Usage: node bare-node.mjs FPS FILE... Prints {"port":N}, and ends with its standard input.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { writeStamp } from './corpus-stamp.mjs'

const [framerate, ...files] = process.argv.slice(2)
const pictures = files.map((file) => readFileSync(file))
const head =
  'HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=streamerframe\r\nConnection: close\r\n\r\n--streamerframe\r\n'
const tail = Buffer.from('\r\n--streamerframe\r\n')
const nowUs = () => Number(process.hrtime.bigint() / 1000n)

const clients = new Set()

class Client {
  #socket
  #isBusy = false
  #waiting

  constructor(socket) {
    this.#socket = socket
    socket.once('data', () => {
      socket.write(head)
      clients.add(this)
    })
    socket.on('data', () => {})
    socket.on('error', () => {})
    socket.on('close', () => clients.delete(this))
  }

  give(part) {
    if (this.#isBusy) this.#waiting = part
    else {
      this.#isBusy = true
      this.#socket.write(part, this.#ready)
    }
  }

  #ready = () => {
    this.#isBusy = false
    const part = this.#waiting
    this.#waiting = undefined
    if (part !== undefined) this.give(part)
  }
}

let sequence = 0
const startUs = nowUs()

function show() {
  const timeUs = nowUs()
  // Memory of its own for each picture, as a camera gives it.
  const jpeg = Buffer.from(pictures[sequence % pictures.length])
  writeStamp(jpeg, sequence++, timeUs)
  const seconds = (timeUs / 1e6).toFixed(6).padStart(17, '0')
  const fields = `Content-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\nX-Timestamp: ${seconds}\r\n\r\n`
  const part = Buffer.concat([Buffer.from(fields, 'latin1'), jpeg, tail])
  for (const client of clients) client.give(part)
  setTimeout(show, Math.max(0, (startUs + (sequence * 1e6) / Number(framerate) - nowUs()) / 1000))
}

const server = createServer({ noDelay: true }, (socket) => new Client(socket))
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: server.address().port }))
  show()
})
process.stdin.on('end', () => process.exit()).resume()
