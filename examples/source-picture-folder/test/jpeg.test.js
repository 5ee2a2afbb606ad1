// @ts-check
import { describe, expect, it } from 'vitest'
import { measureJpeg } from '../src/jpeg.js'
import { jpeg, segment } from './pictures.js'

describe('measureJpeg', () => {
  it('tells size and length', () => {
    const bytes = jpeg('a picture', { width: 1920, height: 1080 })
    expect(measureJpeg(bytes)).toEqual({ width: 1920, height: 1080, length: bytes.length })
  })

  it('finds the end before what a camera wrote behind it', () => {
    const bytes = jpeg('a picture')
    expect(measureJpeg(Buffer.concat([bytes, jpeg('a preview')]))).toMatchObject({ length: bytes.length })
  })

  it('does not take a thumbnail inside for the picture', () => {
    const bytes = jpeg('a picture', { width: 640, height: 480 })
    const thumbnail = segment(0xe1, jpeg('a thumbnail', { width: 16, height: 12 }))
    const whole = Buffer.concat([bytes.subarray(0, 2), thumbnail, bytes.subarray(2)])
    expect(measureJpeg(whole)).toEqual({ width: 640, height: 480, length: whole.length })
  })

  it.each([
    ['an FF of the data', [0xff, 0x00, 7]],
    ['a restart', [0xff, 0xd0, 7, 0xff, 0xd7]],
    ['room filled with FF', [7, 0xff, 0xff]],
    ['room filled before a restart', [7, 0xff, 0xff, 0xd3]],
    ['another scan', [7, ...segment(0xc4, [0]), ...segment(0xda, [1, 1, 0, 0, 63, 0]), 9, 0xff, 0x00]]
  ])('goes on after %s', (_, scan) => {
    const bytes = jpeg('a picture', { scan })
    expect(measureJpeg(bytes)).toEqual({ width: 64, height: 48, length: bytes.length })
  })

  it('takes no part of a JPEG for a whole one', () => {
    const bytes = jpeg('a picture', { scan: [1, 0xff, 0x00, 2, 0xff, 0xd0, 3] })
    for (let length = 0; length < bytes.length; length++) expect(measureJpeg(bytes.subarray(0, length))).toBeUndefined()
  })

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('<html>not found</html>')],
    ['zeros', Buffer.alloc(1000)],
    ['FFs', Buffer.alloc(1000, 0xff)],
    ['a JPEG without a picture', Buffer.from([0xff, 0xd8, 0xff, 0xd9])],
    ['a width of 0', jpeg('a picture', { width: 0 })],
    ['a segment of length 0', Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 0, 0xff, 0xd9])],
    ['garbage between segments', Buffer.concat([Buffer.from([0xff, 0xd8, 7]), jpeg('a picture').subarray(2)])],
    ['a restart outside of a scan', Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xd0]), jpeg('x').subarray(2)])]
  ])('takes %s for none', (_, bytes) => {
    expect(measureJpeg(bytes)).toBeUndefined()
  })
})
