import { startStreamer } from '@streamer/testkit'
import { expect, it } from 'vitest'
import plugin from '../src/index.js'

it('is seen by whoever watches', async () => {
  const server = await startStreamer({ source: { plugin, width: 320, height: 240 } })
  try {
    const viewer = await server.watch()
    const picture = await viewer.next()
    // A JPEG begins so.
    expect(picture.readUInt16BE(0)).toBe(0xffd8)
  } finally {
    await server.stop()
  }
})
