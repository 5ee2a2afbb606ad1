import { readFile, stat } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { resolve } from 'node:path'
import { createSecureContext, type Server } from 'node:tls'
import { messageOf, StreamerError } from '@streamer/core/plugin'

/** Files, as they stand in the configuration. */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
}

/** Their content. */
export interface Certificate {
  readonly cert: Buffer
  readonly key: Buffer
}

/** Certificates are renewed once in some weeks; looking costs two calls of the system. Watching would miss what is put in by renaming folders. */
const lookEveryMs = 5000

/** The certificate of a server, read again when its files change. */
export class CertificateFiles {
  readonly #cert: string
  readonly #key: string
  readonly #part: string
  #seen = ''
  #timer: NodeJS.Timeout | undefined

  /** @param part for messages. @param baseDir what relative paths refer to. */
  constructor({ cert, key }: TlsFiles, part: string, baseDir: string) {
    this.#cert = resolve(baseDir, cert)
    this.#key = resolve(baseDir, key)
    this.#part = part
  }

  /** @throws StreamerError `ERR_CONFIG_INVALID` when they cannot be read or do not fit together. */
  async read(): Promise<Certificate> {
    try {
      return await this.#readBoth()
    } catch (error) {
      throw new StreamerError('ERR_CONFIG_INVALID', `${this.#part}: ${messageOf(error)}`, { cause: error })
    }
  }

  /**
   * Looks at the files every 5 s until `close`.
   * @param onFailure told why, once for each change, when they have changed to something that cannot be used; the server goes on with what it has.
   */
  follow(server: Server, onFailure: (text: string) => void, everyMs = lookEveryMs): void {
    this.#timer = setTimeout(() => {
      void this.#look(server, onFailure).then(() => {
        if (this.#timer !== undefined) this.follow(server, onFailure, everyMs)
      })
    }, everyMs)
    this.#timer.unref()
  }

  /** Looks no more. */
  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  async #look(server: Server, onFailure: (text: string) => void): Promise<void> {
    if ((await this.#state()) === this.#seen) return
    try {
      // One of them may have been written already and the other not yet: the next change is looked at again.
      server.setSecureContext({ ...(await this.#readBoth()), minVersion: 'TLSv1.2' })
    } catch (error) {
      onFailure(`${messageOf(error)}; the certificate that was read before stays`)
    }
  }

  /** @throws Error with a sentence that says which file is wrong. */
  async #readBoth(): Promise<Certificate> {
    this.#seen = await this.#state()
    const [cert, key] = [await this.#readOne('cert', this.#cert), await this.#readOne('key', this.#key)]
    try {
      createSecureContext({ cert, key })
    } catch (error) {
      throw mistake(`tls: ${this.#cert} and ${this.#key} cannot be used`, error)
    }
    return { cert, key }
  }

  /** Differs when one of the files does. */
  async #state(): Promise<string> {
    const states = [this.#cert, this.#key].map(async (path) => {
      try {
        const { mtimeMs, size, ino } = await stat(path)
        return `${mtimeMs} ${size} ${ino}`
      } catch {
        return 'missing'
      }
    })
    return (await Promise.all(states)).join()
  }

  async #readOne(name: 'cert' | 'key', path: string): Promise<Buffer> {
    try {
      return await readFile(path)
    } catch (error) {
      throw mistake(`tls.${name}: cannot read ${path}`, error)
    }
  }
}

function mistake(what: string, cause: unknown): Error {
  return new Error(`${what}: ${messageOf(cause)}`, { cause })
}

/** Which accepted connection a TLS socket speaks over; Node does not tell. */
export class PlainSockets {
  readonly #byPeer = new Map<string, Socket>()

  /** A connection was accepted. */
  add(socket: Socket): void {
    const peer = peerOf(socket)
    this.#byPeer.set(peer, socket)
    socket.once('close', () => this.#byPeer.delete(peer))
  }

  /** The connection below `socket`; `socket` itself when there is none. */
  below(socket: Socket): Socket {
    return this.#byPeer.get(peerOf(socket)) ?? socket
  }
}

function peerOf({ remoteAddress, remotePort, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localPort}`
}
