import type { Server } from 'node:net'
import { openTcpSocket } from './open.js'

/**
 * What the kernel may hold of a connection beside what is on its way: one or two pictures of 640x480, a third of a second for a reader of 200 kB/s. Without a bound Linux takes 4 MB (`tcp_wmem`) for
 * a slow reader, who then sees pictures of long ago; with much less, a fast reader far away would have to wait for us.
 */
export const notSentBytes = 64 * 1024

/** For the log, where it does not. */
export const unboundedText =
  'the kernel keeps up to megabytes for a slow reader here, who then sees older frames: TCP_NOTSENT_LOWAT (Linux, koffi) is not to be had'

export interface ListenResult {
  /** Whether the kernel keeps to `notSentBytes`. */
  readonly bounded: boolean
}

/**
 * Makes `server` listen, where possible so that a slow reader is not sent what is long past.
 * @param host numeric address; on `::` IPv6 and IPv4 at once.
 * @param open for tests: how the socket is made.
 * @throws what listening gave, with the code of the system.
 */
export async function listenTcp(
  server: Server,
  host: string,
  port: number,
  open: typeof openTcpSocket = openTcpSocket
): Promise<ListenResult> {
  const fd = open(host, port, notSentBytes)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(fd === undefined ? { host, port } : { fd }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return { bounded: fd !== undefined }
}
