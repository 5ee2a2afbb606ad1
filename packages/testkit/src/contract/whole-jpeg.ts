import { JpegSplitter } from '@streamer/jpeg-splitter'

/** What is wrong with bytes that should be one whole JPEG and nothing else, or the size it says of itself. */
export type JpegCheck = { readonly problem: string } | { readonly width: number; readonly height: number }

/** Walks the segments of a JPEG; the pixels are not decoded. */
export function checkJpeg(data: Uint8Array): JpegCheck {
  const found: Array<{ readonly bytes: number; readonly width: number; readonly height: number }> = []
  const splitter = new JpegSplitter({
    maxFrameBytes: Math.max(1, data.length),
    onJpeg: (jpeg, width, height) => void found.push({ bytes: jpeg.length, width, height })
  })
  // The splitter keeps nothing of it, and changes nothing.
  splitter.push(Buffer.from(data.buffer, data.byteOffset, data.byteLength))
  const [jpeg] = found
  if (!jpeg) return { problem: `its ${data.length} bytes are no whole JPEG` }
  if (found.length > 1) return { problem: `it is ${found.length} JPEGs, not one` }
  if (jpeg.bytes < data.length) return { problem: `it has ${data.length - jpeg.bytes} bytes besides the JPEG` }
  return jpeg
}
