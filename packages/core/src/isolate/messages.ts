import type { MessagePort } from 'node:worker_threads'
import type {
  CloseReason,
  Codec,
  Control,
  ControlValue,
  Counters,
  PluginKind,
  StreamState,
  StreamStats,
  TransportStatus
} from '../plugin/index.js'

type Values = Readonly<Record<string, ControlValue>>

/** What a worker thread is told when it begins. */
export interface WorkerSetup {
  readonly kind: PluginKind
  readonly use: string
  /** `file:` URL of the plugin's module. */
  readonly url: string
  /** As people wrote them; the plugin's schema checks them again there. */
  readonly options: unknown
  readonly name: string
  readonly baseDir: string
  /** Where messages go. Not the port that every module in the thread can reach, for a plugin may have words of its own with whoever it believes to be there. */
  readonly port: MessagePort
}

/** An error on its way between threads. */
export interface PortableError {
  readonly message: string
  readonly code?: string
  readonly stack?: string
}

/** Bytes on their way between threads: a copy, which is handed over. */
export interface PortableFrame {
  readonly kind: 'raw' | 'encoded'
  readonly sequence: number
  readonly timestampUs: number
  readonly width: number
  readonly height: number
  readonly [other: string]: unknown
}

export interface StreamSnapshot {
  readonly name: string
  readonly codec: Codec
  readonly state: StreamState
  readonly stats: StreamStats
  readonly controls?: PortableControls
}

/** What the plugin can look at without waiting; as it was when it was sent. */
export interface Snapshot {
  readonly version: string
  readonly startedAtMs: number
  readonly streams: readonly StreamSnapshot[]
  readonly transports: readonly TransportStatus[]
}

export interface PortableControls {
  readonly list: readonly Control[]
  readonly values: Values
}

/** How the part in the thread is; what the program can look at without waiting. */
export interface Report {
  readonly counters: Counters
  readonly controls?: PortableControls
  /** Frames that were refused since the last report, and what was wrong with the last of them. */
  readonly refused?: { readonly count: number; readonly why: string }
}

/** From the program to the worker thread. */
export type ToWorker =
  | {
      readonly type: 'start'
      readonly id: number
      readonly codec?: Codec
      readonly streams: readonly string[]
      readonly snapshot: Snapshot
      /** What controls were set to in former threads. */
      readonly controls: Values
    }
  | { readonly type: 'stop' | 'prepare'; readonly id: number }
  | { readonly type: 'abort'; readonly reason: PortableError }
  | { readonly type: 'set'; readonly id: number; readonly values: Values }
  | { readonly type: 'frame'; readonly subscriptions: readonly number[]; readonly frame?: PortableFrame }
  | { readonly type: 'closed'; readonly subscription: number; readonly reason: CloseReason }
  | { readonly type: 'push'; readonly frame: PortableFrame }
  | { readonly type: 'taken' }
  /** The answer to `setStream`. */
  | { readonly type: 'done'; readonly id: number; readonly value?: unknown; readonly error?: PortableError }
  /** @param received messages of the thread that were taken so far. */
  | { readonly type: 'ping'; readonly snapshot: Snapshot; readonly received: number }

/** From the worker thread to the program. */
export type FromWorker =
  /** The first one: the thread can hear. */
  | { readonly type: 'hello' }
  | { readonly type: 'done'; readonly id: number; readonly value?: unknown; readonly error?: PortableError }
  | { readonly type: 'fail'; readonly error: PortableError }
  /** It is of no use any more, because of the plugin. */
  | { readonly type: 'leaving'; readonly why: string }
  | { readonly type: 'push'; readonly frame: PortableFrame }
  | { readonly type: 'taken' }
  | {
      readonly type: 'subscribe'
      readonly subscription: number
      readonly stream: string
      readonly label: string
      readonly maxFramerate?: number
      readonly maxAgeMs?: number
    }
  | { readonly type: 'ready' | 'close'; readonly subscription: number }
  /** Lets a client of any transport go. */
  | { readonly type: 'disconnect'; readonly client: string }
  /** Changes controls of a stream. */
  | { readonly type: 'setStream'; readonly id: number; readonly stream: string; readonly values: Values }
  | {
      readonly type: 'log'
      readonly level: 'error' | 'warn' | 'info' | 'debug'
      readonly message: string
      readonly fields: Readonly<Record<string, unknown>>
      readonly child: readonly string[]
    }
  | { readonly type: 'report'; readonly report: Report }
