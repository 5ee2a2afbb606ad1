/** How encoded frames are compressed; the names are FFmpeg's. */
export type Codec = 'mjpeg' | 'h264'

/** How pixels lie in memory; the names are FFmpeg's. */
export type PixelFormat = 'rgb24' | 'bgr24' | 'rgba' | 'bgra' | 'gray' | 'yuv420p' | 'nv12'

/** What every frame carries. */
export interface FrameHeader {
  /** Counts from 0 in each run of a source; a gap means that frames were lost before they reached us. */
  readonly sequence: number
  /** Start of exposure (or of delivery where unknown), integer microseconds of this host's monotonic clock, see `monotonicUs`. */
  readonly timestampUs: number
  /** Pixels. */
  readonly width: number
  /** Pixels. */
  readonly height: number
}

/** One plane of pixels. */
export interface Plane {
  readonly data: Uint8Array
  /** Bytes from one row to the next; may exceed the bytes of a row's pixels. */
  readonly stride: number
}

/** An uncompressed picture. Its bytes belong to whoever it was pushed to, until that calls `release`. */
export interface RawFrame extends FrameHeader {
  readonly kind: 'raw'
  readonly pixelFormat: PixelFormat
  /** One plane for packed formats, three for `yuv420p`, two for `nv12`. */
  readonly planes: ReadonlyArray<Plane>
  /** Gives the memory of the planes back to the source, which may then draw the next picture in it. Called at most once. */
  release?(): void
}

/** A compressed picture. Its bytes are shared by all clients and never changed after it is handed on. */
export interface EncodedFrame extends FrameHeader {
  readonly kind: 'encoded'
  readonly codec: Codec
  /** Decodes without earlier frames; always true for `mjpeg`. */
  readonly keyframe: boolean
  /** One whole JPEG, or one H.264 access unit in Annex B form. */
  readonly data: Uint8Array
  /** Drawn by the core because the source gives no pictures ("no signal"). Absent on the camera's own frames. */
  readonly placeholder?: true
}

/** One picture, with its pixels or encoded. */
export type Frame = RawFrame | EncodedFrame
