import { execFile } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/**
 * A pipe that a program can open by the name `/dev/fd/N` of its descriptor. Node's own pipes are UNIX sockets, which cannot be opened so; a FIFO can, even when its file
 * is removed again. That is done at once, so nothing stays behind however we end.
 */
export class MetadataPipe {
  /** The end to write to, to be handed to the program. */
  readonly descriptor: number
  readonly #reader: Socket
  #isHandedOver = false

  private constructor(descriptor: number, reader: Socket) {
    this.descriptor = descriptor
    this.#reader = reader
  }

  /** @throws what the system gave: there may be no `mkfifo`, and no place for temporary files. */
  static async open(onText: (text: string) => void): Promise<MetadataPipe> {
    const folder = await mkdtemp(join(tmpdir(), 'streamer-'))
    try {
      const path = join(folder, 'metadata')
      await promisify(execFile)('mkfifo', ['-m', '600', path])
      // Without O_NONBLOCK it would wait for the other end.
      const readingEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
      let descriptor: number
      try {
        descriptor = openSync(path, constants.O_WRONLY)
      } catch (error) {
        closeSync(readingEnd)
        throw error
      }
      // A socket for Node is any descriptor that can be waited for without a thread.
      const reader = new Socket({ fd: readingEnd, readable: true, writable: false })
      reader.setEncoding('latin1')
      reader.on('data', onText)
      reader.on('error', () => {})
      return new MetadataPipe(descriptor, reader)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  /** The program has it now: ours is closed. */
  handOver(): void {
    if (this.#isHandedOver) return
    this.#isHandedOver = true
    closeSync(this.descriptor)
  }

  close(): void {
    this.handOver()
    this.#reader.destroy()
  }
}
