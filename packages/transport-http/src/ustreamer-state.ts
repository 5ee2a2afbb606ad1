import type { Stream } from '@streamer/core/plugin'
import { whyNotReady } from './health.js'

/** The answer of ustreamer's own `/state`, as far as tools read it (`src/ustreamer/http/server.c` there). Rates are whole numbers in it. */
export interface UstreamerState {
  readonly ok: true
  readonly result: {
    /** `quality` is 0 when it is the camera's own affair, as ustreamer has it. */
    readonly encoder: { readonly type: string; readonly quality: number }
    readonly source: {
      readonly resolution: { readonly width: number; readonly height: number }
      readonly online: boolean
      /** 0: as many as the camera gives. */
      readonly desired_fps: number
      readonly captured_fps: number
    }
    readonly stream: {
      readonly queued_fps: number
      readonly clients: number
      /** By the ids of the clients. */
      readonly clients_stat: Readonly<Record<string, UstreamerClient>>
    }
  }
}

/** One client in ustreamer's state. */
export interface UstreamerClient {
  readonly fps: number
  readonly extra_headers: boolean
  readonly advance_headers: boolean
  readonly dual_final_frames: boolean
  readonly zero_data: boolean
  /** What the client calls itself (`?key=` or `?viewer=`); empty when it does not. */
  readonly key: string
}

/** What is known of an HTTP client beside its subscription. */
export interface KnownClient {
  readonly viewer: string | undefined
  readonly hasTimings: boolean
}

/** @param known the HTTP clients by their labels; those of other transports are counted too. */
export function ustreamerState(stream: Stream, known: ReadonlyMap<string, KnownClient>): UstreamerState {
  const { width, height, framerate, clients } = stream.stats()
  const quality = stream.controls?.values().quality
  const rates = clients.map((client) => client.framerate)
  const entries = clients.map(({ id, label, framerate: fps }) => {
    const client: UstreamerClient = {
      fps: Math.round(fps),
      extra_headers: known.get(label)?.hasTimings ?? false,
      advance_headers: false,
      dual_final_frames: false,
      zero_data: false,
      key: known.get(label)?.viewer ?? ''
    }
    return [id, client] as const
  })
  return {
    ok: true,
    result: {
      encoder: { type: 'CPU', quality: typeof quality === 'number' ? Math.round(quality) : 0 },
      source: {
        resolution: { width, height },
        online: whyNotReady(stream) === undefined,
        desired_fps: 0,
        captured_fps: Math.round(framerate)
      },
      stream: {
        queued_fps: Math.round(Math.max(0, ...rates)),
        clients: clients.length,
        clients_stat: Object.fromEntries(entries)
      }
    }
  }
}
