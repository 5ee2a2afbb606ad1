import type { Socket } from 'node:dgram'
import type { StreamerError } from '@streamer/core/plugin'
import type { Connection, ConnectionOptions, Sink } from '../connection.js'
import { socketError } from '../failure.js'
import type { Target } from '../schemes.js'
import { UdpV2Client } from '../udp-v2/index.js'
import { Watchdog } from '../watchdog.js'
import type { DatagramClient, DatagramHost } from './client.js'
import { openSocket, resolved } from './open-socket.js'
import { Version1Client } from './v1/client.js'

/** After so long a silence another way is tried: whatever the client says is answered, twice a second at least. And no more often than that. */
const moveMs = 1000
/** A new way on which nothing came for so long, while something comes on the one before, leads nowhere. */
const proofMs = 500
/** A timer that is so late tells of this process, and not of the network. */
const standstillMs = 100
/** The address of the socket is no longer ours, or leads nowhere: the machine is in another network now. */
const movingCodes = new Set(['ENETUNREACH', 'ENETDOWN', 'EHOSTUNREACH', 'EADDRNOTAVAIL', 'EINVAL'])

/**
 * A way to a server over UDP. What is spoken over it is the matter of a client. A socket keeps the address that it began with, so when this machine changes its
 * network, there is a new socket, and the client goes on.
 */
export class UdpConnection implements Connection {
  readonly #target: Target
  readonly #options: ConnectionOptions
  readonly #openSocket: typeof openSocket
  readonly #silence: Watchdog
  /** The server's, numeric. */
  #address = ''
  #opening: Promise<unknown> = Promise.resolve()
  #isMoving = false
  #movedMs = Number.NEGATIVE_INFINITY
  /** What is heard: the last one, and until that has received something, the one before. */
  readonly #sockets = new Set<Socket>()
  /** What is sent goes out here. */
  #socket: Socket | undefined
  /** It has received something. */
  #isProven = false
  #sink: Sink | undefined
  #client: DatagramClient | undefined
  #closing: Promise<void> | undefined

  /** @param open for tests. */
  constructor(target: Target, options: ConnectionOptions, open: typeof openSocket = openSocket) {
    this.#target = target
    this.#options = options
    this.#openSocket = open
    this.#silence = new Watchdog(options.clock, moveMs, (lateMs) => this.#onSilence(lateMs))
  }

  start(sink: Sink): void {
    if (this.#closing) return
    this.#sink = sink
    void this.#open()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #open(): Promise<void> {
    const { host, port } = this.#target
    try {
      this.#address = await resolved(host)
      // A look-up cannot be cut short, so whoever closes does not wait for it.
      if (this.#closing) return
      const opening = this.#openSocket(this.#address, port)
      this.#opening = opening.then(
        (socket) => this.#use(socket),
        () => {}
      )
      await opening
    } catch (error) {
      this.#fail(socketError(this.#target.address, error))
      return
    }
    if (this.#closing) return
    this.#silence.start()
    this.#speak({ sink: this.#sink!, send: (datagram) => this.#send(datagram) })
  }

  /** Sends by this socket from now on. */
  #use(socket: Socket): void {
    this.#socket = socket
    this.#isProven = false
    this.#sockets.add(socket)
    if (this.#closing) return
    socket.on('message', (datagram) => this.#receive(socket, datagram))
    socket.on('error', (error) => this.#onError(socket, error))
  }

  /** Version 2, and version 1 with a server that knows no other; never that where there is a key, which it cannot prove. */
  #speak(host: DatagramHost): void {
    const { address, stream } = this.#target
    const onLegacy = () => {
      this.#client = new Version1Client(this.#target, this.#options, host)
      this.#client.start()
    }
    this.#client = new UdpV2Client({ ...this.#options, address, stream }, { ...host, onLegacy })
    this.#client.start()
  }

  async #close(): Promise<void> {
    const farewell = this.#client?.close()
    this.#silence.stop()
    await this.#opening
    for (const socket of this.#sockets) silence(socket)
    if (farewell && this.#socket) {
      const socket = this.#socket
      await new Promise<void>((resolve) => trySend(socket, farewell, () => resolve()))
    }
    await Promise.all(Array.from(this.#sockets, (socket) => new Promise<void>((resolve) => socket.close(resolve))))
  }

  #receive(socket: Socket, datagram: Buffer): void {
    if (this.#closing) return
    this.#silence.heard()
    if (!this.#isProven) this.#choose(socket)
    this.#client?.receive(datagram)
  }

  /** Something has come by `socket`: either the new way is good, or, when it had its time, the one before still is. */
  #choose(socket: Socket): void {
    if (socket !== this.#socket && this.#options.clock.nowMs() - this.#movedMs < proofMs) return
    this.#socket = socket
    this.#isProven = true
    this.#giveUpOthers()
  }

  #send(datagram: Uint8Array): void {
    const socket = this.#socket
    if (!socket || this.#closing) return
    trySend(socket, datagram, (error) => {
      if (error && isOfMoving(error) && socket === this.#socket) this.#move(true)
    })
  }

  #onError(socket: Socket, error: Error): void {
    if (socket !== this.#socket) this.#giveUp(socket)
    else if (isOfMoving(error) && this.#client?.isMovable) this.#move(true)
    else this.#fail(socketError(this.#target.address, error))
  }

  #onSilence(lateMs: number): void {
    this.#silence.start()
    // Where this process stood still, datagrams may wait in the socket, and nobody was asked for any.
    if (lateMs < standstillMs) this.#move(false)
  }

  /** @param isUseless nothing can be sent by the socket that there is. */
  #move(isUseless: boolean): void {
    const nowMs = this.#options.clock.nowMs()
    if (this.#closing || this.#isMoving || !this.#client?.isMovable || nowMs - this.#movedMs < moveMs) return
    this.#isMoving = true
    this.#movedMs = nowMs
    this.#opening = this.#openSocket(this.#address, this.#target.port).then(
      (socket) => {
        this.#isMoving = false
        const former = this.#socket
        const wasProven = this.#isProven
        this.#use(socket)
        if (this.#closing) return
        // One that has received something may do so again: it is this way that may lead nowhere.
        if (isUseless) this.#giveUpOthers()
        else if (former && !wasProven) this.#giveUp(former)
        this.#client?.moved()
      },
      // There is no network at all, for now.
      () => {
        this.#isMoving = false
      }
    )
  }

  #giveUpOthers(): void {
    for (const socket of this.#sockets) if (socket !== this.#socket) this.#giveUp(socket)
  }

  #giveUp(socket: Socket): void {
    this.#sockets.delete(socket)
    silence(socket)
    socket.close()
  }

  #fail(reason: StreamerError): void {
    if (!this.#closing) this.#sink?.failed(reason)
  }
}

function isOfMoving(error: Error): boolean {
  return movingCodes.has((error as NodeJS.ErrnoException).code ?? '')
}

/** Nothing is to be heard of it any more; but an error that nobody hears would end the process. */
function silence(socket: Socket): void {
  socket.removeAllListeners()
  socket.on('error', () => {})
}

/** What cannot be sent is as good as lost on the way; `done` is called in any case. */
function trySend(socket: Socket, datagram: Uint8Array, done: (error: Error | null) => void): void {
  try {
    socket.send(datagram, (error) => done(error))
  } catch (error) {
    done(error as Error)
  }
}
