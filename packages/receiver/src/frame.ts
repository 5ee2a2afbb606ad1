/** One picture, whole. */
export interface ReceivedFrame {
  /** A whole JPEG. The consumer's own: nobody else keeps or changes it. */
  readonly data: Uint8Array
  readonly codec: 'mjpeg'
  /** Grows with every frame, over reconnections too. A gap is a frame that the server gave out and that did not arrive here, where the protocol has numbers. */
  readonly sequence: number
  /** When it was captured: integer microseconds of the server's monotonic clock. Only where the protocol tells. */
  readonly timestampUs?: number
  /** Milliseconds from its capture until it was handed over. Only where the protocol tells; over protocols with wall-clock times it is as good as both clocks agree. */
  readonly ageMs?: number
  /** `performance.now()` when it was whole. */
  readonly receivedMs: number
  /** It was made whole by parity or a resend. */
  readonly repaired: boolean
  /** The picture before once more, because the camera gives nothing new. Only version 2 of our protocols tells. */
  readonly repeated: boolean
}

/** A frame on its way to the consumer; `ageMs` is as of `receivedMs`. */
export type WaitingFrame = ReceivedFrame
