import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, expect, it } from 'vitest'
import { Cleanup, serve } from './stand-ins.js'

const cleanup = new Cleanup()
afterEach(() => cleanup.run())

/** A STUN server that sees everybody at 203.0.113.7:4000 (RFC 8489). */
async function standInStunServer(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  cleanup.add(socket, () => new Promise<void>((resolve) => socket.close(() => resolve())))
  await once(socket, 'listening')
  socket.on('message', (request, { port, address }) => {
    const answer = Buffer.from(`0101000c2112a442${request.toString('hex', 8, 20)}0020000800010fa0cb007107`, 'hex')
    answer.writeUInt16BE(4000 ^ 0x2112, 26)
    answer.writeUInt32BE((0xcb007107 ^ 0x2112a442) >>> 0, 28)
    socket.send(answer, port, address)
  })
  return socket.address().port
}

it('says under which address the socket is seen from outside', async () => {
  const said: string[] = []
  const { transport } = await serve(cleanup, { stun: `127.0.0.1:${await standInStunServer()}` }, undefined, (line) =>
    said.push(line)
  )
  while (said.length === 0) await new Promise((resolve) => setImmediate(resolve))
  expect(said).toEqual(['seen from outside as udp://203.0.113.7:4000'])
  await transport.stop()
})

it('goes on without the address when nobody tells it, and stops while it still asks', async () => {
  const silent = createSocket('udp4').bind(0, '127.0.0.1')
  await once(silent, 'listening')
  const { transport } = await serve(cleanup, { stun: `127.0.0.1:${silent.address().port}` })
  await once(silent, 'message')
  await transport.stop()
  silent.close()
})
