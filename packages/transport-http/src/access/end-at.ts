import type { Socket } from 'node:net'

/** What `setTimeout` can wait at most, milliseconds: 24.8 days. */
const longestMs = 2 ** 31 - 1

/** Calls `end` when the wall clock shows `atMs`, in milliseconds since 1970, unless `socket` is closed before. Keeps no process alive. */
export function endAt(socket: Socket, atMs: number, end: () => void): void {
  let timer: NodeJS.Timeout
  const wait = (): void => {
    const leftMs = atMs - Date.now()
    if (leftMs <= 0) end()
    else timer = setTimeout(wait, Math.min(leftMs, longestMs)).unref()
  }
  socket.once('close', () => clearTimeout(timer))
  wait()
}
