import type { Controls } from './controls.js'
import type { Codec, EncodedFrame } from './frame.js'
import type { Counters } from './parts.js'

/** What a stream is doing: `idle` while the source is off, `starting` until the first frame of its source, `recovering` after a failure until the next one. */
export type StreamState = 'idle' | 'starting' | 'live' | 'recovering'

/** Who wants frames, and which. */
export interface SubscribeOptions {
  /** Who it is for, as people should read it: `192.168.1.20:51234`. */
  readonly label: string
  /** Frames per second at most; frames between are left out evenly. Default: all. */
  readonly maxFramerate?: number
  /** A frame older than this when the client is ready for it is dropped, never sent late; one that fills in for a silent camera counts from when it was given. Milliseconds. Default: no limit. */
  readonly maxAgeMs?: number
  /**
   * Takes the next frame. Runs only while the subscription is ready, and makes it busy until `ready()` is called (which may be at once).
   * @param publishedUs when the encoder, or a camera that encodes, had handed it over, on the clock of its `timestampUs`; not told to transports in a thread of their own.
   */
  onFrame(frame: EncodedFrame, publishedUs?: number): void
  /** Told once when the core closes the subscription, and why. Not told of one's own `close()`. */
  onClose?(reason: CloseReason): void
}

/** Why the core closed a subscription: somebody had the client disconnected (`HostView.disconnect`), or `onFrame` threw or the transport is gone. */
export type CloseReason = 'disconnected' | 'revoked'

/**
 * Frames for one client. At most one frame waits while the client is busy; a newer one replaces it and the drop is counted.
 * It begins ready.
 */
export interface Subscription {
  /** The client can take the next frame; the waiting one, if any, is handed over within this call. */
  ready(): void
  /** Ends it. May be called twice. */
  close(): void
  stats(): SubscriptionStats
}

/** `offered` = `delivered` + `dropped` + `skipped` + `expired` + `waiting`, at any time. */
export interface SubscriptionStats {
  /**
   * Which one it is, for `HostView.disconnect`. No other subscription has it as long as the program runs, and hardly one of its next run. Empty in what
   * an isolated plugin's own subscription tells.
   */
  readonly id: string
  readonly label: string
  /** The transport it belongs to. */
  readonly transport: string
  /** Milliseconds since it was opened. */
  readonly ageMs: number
  /** Frames that the stream gave while it was open. */
  readonly offered: number
  readonly delivered: number
  /** Bytes of the delivered frames. */
  readonly bytes: number
  /** Replaced by a newer frame, or (delta frames) useless after such a loss, or still waiting when it was closed. */
  readonly dropped: number
  /** Left out to hold `maxFramerate`. */
  readonly skipped: number
  /** Older than `maxAgeMs` when the client was ready. */
  readonly expired: number
  /** 0 or 1. */
  readonly waiting: number
  /** Frames per second delivered, over about the last second. */
  readonly framerate: number
  /** Bits per second of the delivered frames, over about the last second. */
  readonly bitrateBps: number
}

/** Upper bounds of the sizes that delays are counted by, in milliseconds: three to a decade, from what a sharp camera takes to what a viewer calls broken. */
export const delayBoundsMs: readonly number[] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000]

/** Delays by size, since the program began. */
export interface DelayHistogram {
  /** How many were up to each of `delayBoundsMs` and above the one before, and as the last number those above all of them. */
  readonly counts: readonly number[]
  /** All of them together, in milliseconds. */
  readonly sumMs: number
}

/** Where the time of frames goes. Only frames of the source count, not what is given again or drawn in its place. */
export interface StreamDelays {
  /** From the capture until the encoded frame is given to the clients: the camera's and the encoder's share. */
  readonly captureToPublish: DelayHistogram
  /** From then until its bytes had left for the system, for each client that it was delivered to: waiting for a busy client included. */
  readonly publishToDelivery: DelayHistogram
  /** Both together, for each client. */
  readonly captureToDelivery: DelayHistogram
}

/** Sums over the open and the closed subscriptions of one transport. */
export interface DeliveryTotals {
  /** Open subscriptions. */
  readonly clients: number
  readonly delivered: number
  readonly bytes: number
  readonly dropped: number
  readonly skipped: number
  readonly expired: number
}

/** The numbers of a stream at one moment. Counters only go up. */
export interface StreamStats {
  readonly name: string
  readonly state: StreamState
  readonly codec: Codec
  /** Pixels of the newest frame, 0 before the first. */
  readonly width: number
  readonly height: number
  /** Frames that came from the source, in all its runs. */
  readonly captured: number
  /** Frames per second from the source, over about the last second. */
  readonly framerate: number
  /** Gaps in the source's sequence: frames lost before they reached us. */
  readonly lost: number
  /** Things that the source or the encoder gave for frames and that are none. Not in `captured`. */
  readonly refused: number
  /** Frames given to clients by the hub: the source's, repeated ones and placeholders. */
  readonly published: number
  /** The last frame given again because the source was silent. */
  readonly repeated: number
  /** "No signal" pictures. */
  readonly placeholders: number
  /** Times the source was started, the first one included. */
  readonly starts: number
  /** Times it failed, ended or went silent. */
  readonly failures: number
  readonly lastFailure?: {
    readonly code: string
    readonly message: string /** Milliseconds since the Unix epoch. */
    readonly atMs: number
  }
  readonly delays: StreamDelays
  readonly source: Counters
  readonly encoder: Counters
  readonly clients: readonly SubscriptionStats[]
  /** By name of the transport. */
  readonly transports: Readonly<Record<string, DeliveryTotals>>
}

/** What a transport sees of a pipeline. */
export interface Stream {
  readonly name: string
  readonly codec: Codec
  readonly state: StreamState
  /** The newest frame of the current or last run; it may be old. */
  readonly latest: EncodedFrame | undefined
  /** Frames for one client. While any subscription is open the source runs. */
  subscribe(options: SubscribeOptions): Subscription
  /** Live settings of the source and the encoder together; undefined when neither has any. */
  readonly controls: Controls | undefined
  stats(): StreamStats
}
