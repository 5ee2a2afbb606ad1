import type { Socket } from 'node:dgram'

/** Closes a socket whatever became of it. Resolves when it is gone. */
export async function closeSocket(socket: Socket): Promise<void> {
  socket.removeAllListeners()
  // What it still says is of no interest, but unheard it would end the process.
  socket.on('error', () => {})
  await new Promise<void>((resolve) => socket.close(resolve))
}
