// @ts-check
import { mkdtemp, open, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { readPicture } from '../src/picture.js'
import { jpeg } from './pictures.js'

/** @type {string} */
let folder
/** @type {string} */
let path
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'picture-'))
  path = join(folder, 'latest.jpg')
})
afterEach(() => rm(folder, { recursive: true }))

/** @param {AbortSignal} [signal] */
const read = (signal = new AbortController().signal) => readPicture(path, 10_000_000, signal)

/** Two of the same length, so that the beginning of one and the end of the other look like a picture. */
const before = jpeg('before', { scan: Array(1_000_000).fill(1) })
const after = jpeg('after!', { scan: Array(1_000_000).fill(2) })

/** Writes a picture into the file, over the one before. @param {Buffer} data */
async function overwrite(data) {
  const file = await open(path, 'r+')
  await file.write(data)
  await file.close()
}

/** Writes a picture into another file, which then takes the place of the one before. @param {Buffer} data */
async function replace(data) {
  await writeFile(`${path}.tmp`, data)
  await rename(`${path}.tmp`, path)
}

describe('a picture that changes while it is read', () => {
  it.each([
    ['written over', overwrite],
    ['replaced', replace]
  ])('is whole: %s', async (_, change) => {
    await writeFile(path, before)
    const file = await open(path)
    await file.close()
    // In the place of a disk that is slow in the very moment: the change comes when half is read.
    const slowDisk = vi.spyOn(Object.getPrototypeOf(file), 'read')
    const half = before.length >> 1
    slowDisk.mockImplementationOnce(async function (...args) {
      const data = /** @type {Buffer} */ (args[0])
      slowDisk.mockRestore()
      const first = await this.read(data, 0, half, 0)
      await change(after)
      const second = await this.read(data, half, data.length - half, half)
      return { bytesRead: first.bytesRead + second.bytesRead, buffer: data }
    })
    const picture = await read()
    const text = typeof picture === 'object' ? picture.data : undefined
    expect([before, after].some((whole) => text?.equals(whole))).toBe(true)
  })

  it.each([
    ['written anew', (/** @type {Buffer} */ data) => writeFile(path, data)],
    ['replaced', replace]
  ])('is whole or is none, again and again: %s', async (_, change) => {
    await change(before)
    let isOver = false
    const changing = (async () => {
      for (let count = 0; count < 10; count++) {
        await pause(70)
        await change(count % 2 === 0 ? after : before)
      }
      isOver = true
    })()
    while (!isOver) {
      const picture = await read()
      if (typeof picture !== 'object') expect(picture).toMatch(/^that is (always being written|no whole JPEG)$/)
      else expect([before, after].some((whole) => whole.equals(picture.data))).toBe(true)
    }
    await changing
    expect(await read()).toMatchObject({ width: 64, height: 48 })
  })
})

it('a file that is gone is nothing', async () => {
  expect(await read()).toBeUndefined()
})

it('is given up when its signal is aborted', async () => {
  const abort = new AbortController()
  await writeFile(path, jpeg('new'))
  const reading = read(abort.signal)
  abort.abort(new Error('enough'))
  await expect(reading).rejects.toThrow()
})
