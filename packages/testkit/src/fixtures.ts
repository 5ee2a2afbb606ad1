import type { EncoderPlugin, SourcePlugin, TransportPlugin } from '@streamer/core/plugin'

/** Options as people write them in `.streamerrc`. */
export type WrittenOptions = Readonly<Record<string, unknown>>

/** What every contract has. */
export interface ContractLimits {
  /**
   * What a single step (a start, a stop, a frame that is awaited) may take before the contract calls it hanging. Milliseconds. Default 10 000;
   * it is no measure of speed.
   */
  readonly limitMs?: number
}

/** What `transportContract` needs to know of a transport. */
export interface TransportFixture extends ContractLimits {
  // biome-ignore lint/suspicious/noExplicitAny: the options of any plugin.
  readonly plugin: TransportPlugin<any>
  /**
   * Options with which it can be reached on the loopback interface, at this port. Relative paths in them lie in an empty folder.
   * @param port 0 = any free one; a transport without ports takes no notice.
   */
  options(port: number): WrittenOptions
  /**
   * Connects a client as its users have one. Resolves when the server knows of it. The contract closes it.
   * @param urls what `start` resolved with.
   * @param stream name of the stream it wants.
   */
  connect(urls: readonly string[], stream: string): Promise<ContractClient>
}

/** A client of the transport that is tested. A transport without clients has here whoever reads what it wrote. */
export interface ContractClient {
  /** The next whole frame: the bytes that the camera gave. Waits for it; a rejection says that the connection is gone. */
  next(): Promise<Uint8Array>
  /** Takes nothing more from the network (or from wherever frames come) until `resume`: a client that hangs. */
  pause(): void
  resume(): void
  /** Goes away. May be called twice; a promise that it gives is awaited. */
  close(): unknown
}

/** What `sourceContract` needs to know of a source. */
export interface SourceFixture extends ContractLimits {
  // biome-ignore lint/suspicious/noExplicitAny: the options of any plugin.
  readonly plugin: SourcePlugin<any>
  /** With these it gives several frames a second, for ever. Relative paths in them refer to `baseDir`. */
  readonly options: WrittenOptions
  /** Absolute path of the folder that relative paths in options refer to. Default: an empty one. */
  readonly baseDir?: string
  /** With these it cannot start (a device, program or file that is not there). Needed unless it is declared as `alwaysStarts`. */
  readonly impossible?: WrittenOptions
}

/** What `encoderContract` needs to know of an encoder. */
export interface EncoderFixture extends ContractLimits {
  // biome-ignore lint/suspicious/noExplicitAny: the options of any plugin.
  readonly plugin: EncoderPlugin<any>
  /** Default: none. */
  readonly options?: WrittenOptions
}
