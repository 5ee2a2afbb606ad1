/**
 * Socket options that Node does not offer, through libc by koffi where that works (Linux with a build of koffi for its processor), and without
 * them elsewhere: nothing that uses this needs it to work.
 *
 * ```ts
 * import { createServer } from 'node:net'
 * import { listenTcp } from '@streamer/socket-options'
 *
 * const server = createServer((socket) => socket.end('hello\n'))
 * const { bounded } = await listenTcp(server, '127.0.0.1', 0)
 * console.log(bounded ? 'a slow reader gets what is new' : 'the kernel keeps megabytes for a slow reader')
 * server.close()
 * ```
 * @packageDocumentation
 */
export { type Burst, type BurstSocket, maxBurstBytes, maxBurstSegments } from './burst-socket.js'
export { type ListenResult, listenTcp, notSentBytes, unboundedText } from './listen.js'
export { isLocalAddress } from './local-address.js'
export { openTcpSocket, openUdpSocket } from './open.js'
