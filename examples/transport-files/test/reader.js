// @ts-check
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** How often a reader looks for what it waits for. Milliseconds; only a pace. */
const paceMs = 2

/**
 * Resolves when `isSo` holds; only the test's own limit ends a wait in vain.
 * @param {() => Promise<boolean> | boolean} isSo
 */
export async function until(isSo) {
  while (!(await isSo())) await pause(paceMs)
}

/** Whoever reads the pictures of a stream, in the order in which they appear. */
export class FolderReader {
  #folder
  #stream
  #number = 1
  #isPaused = false
  #isClosed = false

  /**
   * @param {readonly string[]} urls of the folders of all streams.
   * @param {string} stream
   */
  constructor(urls, stream) {
    const url = urls.find((candidate) => candidate.endsWith(`/${stream}/`))
    if (url === undefined) throw new Error(`no folder of "${stream}" in ${urls.join(' ')}`)
    this.#folder = fileURLToPath(url)
    this.#stream = stream
  }

  async next() {
    const name = `${this.#stream}-${String(this.#number).padStart(9, '0')}.jpg`
    await until(async () => this.#isClosed || (!this.#isPaused && (await readdir(this.#folder)).includes(name)))
    if (this.#isClosed) throw new Error('this reader was closed')
    this.#number++
    return readFile(`${this.#folder}${name}`)
  }

  pause() {
    this.#isPaused = true
  }

  resume() {
    this.#isPaused = false
  }

  close() {
    this.#isClosed = true
  }
}
