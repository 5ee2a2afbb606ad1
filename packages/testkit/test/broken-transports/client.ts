import { once } from 'node:events'
import { existsSync, readFileSync, watch } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { ContractClient } from '../../src/index.js'

/** A client of the sound transport. */
export async function connect([url]: readonly string[], stream: string): Promise<ContractClient> {
  const socket = connectTcp(Number(new URL(url!).port), '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write(`${stream}\n`)
  let held = Buffer.alloc(0)
  let wake = () => {}
  let isGone = false
  socket.on('data', (chunk) => {
    held = Buffer.concat([held, chunk])
    wake()
  })
  for (const event of ['end', 'close']) {
    socket.on(event, () => {
      isGone = true
      wake()
    })
  }
  return {
    async next() {
      for (;;) {
        const length = held.length >= 4 ? held.readUInt32BE() : Number.POSITIVE_INFINITY
        if (held.length >= 4 + length) {
          const frame = held.subarray(4, 4 + length)
          held = held.subarray(4 + length)
          return frame
        }
        if (isGone) throw new Error('the connection is gone')
        await new Promise<void>((resolve) => (wake = resolve))
      }
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close: () => socket.destroy()
  }
}

/** Reads what the sound writer wrote. */
export async function read(urls: readonly string[], stream: string): Promise<ContractClient> {
  const file = fileURLToPath(urls.find((url) => url.endsWith(`/${stream}`)) ?? urls[0]!)
  let at = 0
  let wake = () => {}
  const watcher = watch(fileURLToPath(new URL('.', urls[0])), () => wake())
  return {
    async next() {
      for (;;) {
        const changed = new Promise<void>((resolve) => (wake = resolve))
        const held = existsSync(file) ? readFileSync(file).subarray(at) : Buffer.alloc(0)
        const length = held.length >= 4 ? held.readUInt32BE() : Number.POSITIVE_INFINITY
        if (held.length >= 4 + length) {
          at += 4 + length
          return held.subarray(4, 4 + length)
        }
        await changed
      }
    },
    pause() {},
    resume() {},
    close: () => watcher.close()
  }
}
