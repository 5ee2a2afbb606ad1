import { fakeCamera, startStreamer } from '@streamer/testkit'
import { expect, it } from 'vitest'
import plugin from '../src/index.js'

it('gives the picture of a camera to whoever asks', async () => {
  const camera = fakeCamera({ manual: true })
  const server = await startStreamer({ camera, transports: [{ plugin }] })
  try {
    const answer = await fetch(server.url('plugin-name'))
    const { data } = await camera.step()
    const event = `data: ${Buffer.from(data).toString('base64')}\n\n`
    let text = ''
    for await (const chunk of answer.body!) {
      text += Buffer.from(chunk).toString()
      if (text.length >= event.length) break
    }
    expect(text).toBe(event)
  } finally {
    await server.stop()
  }
})
