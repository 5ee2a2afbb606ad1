import { fakeCamera, startStreamer } from '@streamer/testkit'
import { expect, it } from 'vitest'
import plugin from '../src/index.js'

it('encodes what a camera gives', async () => {
  const camera = fakeCamera({ output: 'raw' })
  const server = await startStreamer({ camera, encoder: { plugin, square: 32 } })
  try {
    const viewer = await server.watch()
    const picture = await viewer.next()
    // A JPEG begins so.
    expect(picture.readUInt16BE(0)).toBe(0xffd8)
  } finally {
    await server.stop()
  }
})
