import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { resolve } from 'node:path'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { StreamerError } from '@streamer/core/plugin'

/** Files, as they stand in the configuration. */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
}

/** One for each connection between two sockets. */
function keyOf({ remoteAddress, remotePort, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localPort}`
}

/** Speaks TLS on connections that were accepted elsewhere. */
export class TlsDoor {
  readonly #server: Server
  /** Who waits for a handshake. */
  readonly #waiting = new Map<string, (socket: TLSSocket) => void>()

  private constructor(cert: Buffer, key: Buffer, onFailure: () => void) {
    this.#server = createServer({ cert, key, minVersion: 'TLSv1.2' })
    this.#server.on('secureConnection', (socket) => {
      const onSecure = this.#waiting.get(keyOf(socket))
      if (onSecure === undefined) socket.destroy()
      else onSecure(socket)
    })
    this.#server.on('tlsClientError', (_, socket) => {
      onFailure()
      socket.destroy()
    })
  }

  /**
   * Reads certificate and key.
   * @param part for messages. @param baseDir what relative paths refer to. @param onFailure told of each handshake that failed.
   * @throws StreamerError `ERR_CONFIG_INVALID` when they cannot be read or do not fit together.
   */
  static async open(files: TlsFiles, part: string, baseDir: string, onFailure: () => void): Promise<TlsDoor> {
    const mistake = (what: string, error: unknown) =>
      new StreamerError('ERR_CONFIG_INVALID', `${part}: ${what}: ${(error as Error).message}`, { cause: error })
    const read = async (name: 'cert' | 'key'): Promise<Buffer> => {
      const path = resolve(baseDir, files[name])
      try {
        return await readFile(path)
      } catch (error) {
        throw mistake(`tls.${name}: cannot read ${path}`, error)
      }
    }
    const [cert, key] = [await read('cert'), await read('key')]
    try {
      return new TlsDoor(cert, key, onFailure)
    } catch (error) {
      throw mistake(`tls: ${files.cert} and ${files.key} cannot be used`, error)
    }
  }

  /**
   * Begins TLS on `socket`, which nobody reads and on which what came is put back. When that fails, or the connection ends, `socket` is closed.
   * @param onSecure gets the socket to talk over, when the handshake is done.
   */
  take(socket: Socket, onSecure: (socket: TLSSocket) => void): void {
    const key = keyOf(socket)
    this.#waiting.set(key, (secure) => {
      this.#waiting.delete(key)
      onSecure(secure)
    })
    socket.once('close', () => this.#waiting.delete(key))
    // Documented: any stream can be given to a TLS server so.
    this.#server.emit('connection', socket)
  }
}
