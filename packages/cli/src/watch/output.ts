import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { type FileHandle, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UsageError } from '../usage-error.js'

/** Where frames are written. */
export interface Output {
  /** For the summary: `frames/`. */
  readonly name: string
  /** Resolves when it is written. @throws what the system gave. */
  write(jpeg: Uint8Array): Promise<void>
  close(): Promise<void>
}

/**
 * Opens what `--output` names: a folder when there is one or the name ends with a slash, `-` for standard output, else a file.
 * @param force write into a folder that is not empty, and over a file that is there.
 * @throws UsageError when it cannot be written, or is there already.
 */
export async function openOutput(name: string, force: boolean): Promise<Output> {
  if (name === '-') return new StandardOutput()
  const found = statSync(name, { throwIfNoEntry: false })
  try {
    if (found ? found.isDirectory() : /[/\\]$/.test(name)) return openFolder(name, force)
    // Pipes and devices have nothing to lose.
    if (found?.isFile() && !force) throw new UsageError(`--output: ${name} is there already; --force writes over it`)
    return new FileOutput(name, await open(name, 'w'))
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`--output: ${name} cannot be written: ${(error as Error).message}`)
  }
}

function openFolder(name: string, force: boolean): Output {
  mkdirSync(name, { recursive: true })
  if (readdirSync(name).length > 0 && !force)
    throw new UsageError(`--output: the folder ${name} is not empty; --force writes into it all the same`)
  return new FolderOutput(name)
}

/** One file for each frame: `000001.jpg`. */
class FolderOutput implements Output {
  readonly name: string
  #frames = 0

  constructor(name: string) {
    this.name = name
  }

  async write(jpeg: Uint8Array): Promise<void> {
    this.#frames++
    await writeFile(join(this.name, `${String(this.#frames).padStart(6, '0')}.jpg`), jpeg)
  }

  async close(): Promise<void> {}
}

/** All frames in one file, one behind the other. */
class FileOutput implements Output {
  readonly name: string
  readonly #file: FileHandle

  constructor(name: string, file: FileHandle) {
    this.name = name
    this.#file = file
  }

  async write(jpeg: Uint8Array): Promise<void> {
    await this.#file.writeFile(jpeg)
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

interface WithHandle {
  readonly _handle?: { setBlocking?(isBlocking: boolean): unknown } | null
}

/** All frames to standard output. A reader that is slow is waited for with the network going on: frames that come meanwhile give way to newer ones. */
class StandardOutput implements Output {
  readonly name = 'standard output'

  constructor() {
    // Node lets writes to a pipe wait in the system call, which would hold everything. There is no public way to say this; without it, it does hold.
    ;(process.stdout as WithHandle)._handle?.setBlocking?.(false)
  }

  write(jpeg: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => process.stdout.write(jpeg, (error) => (error ? reject(error) : resolve())))
  }

  async close(): Promise<void> {}
}
