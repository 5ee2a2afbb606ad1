/** How a router was asked: RFC 6887, RFC 6886, UPnP Internet Gateway Device 1 and 2. */
export type MappingMethod = 'pcp' | 'nat-pmp' | 'upnp'

/** What a router is asked to let in. */
export interface MappingRequest {
  readonly protocol: 'udp' | 'tcp'
  /** Port of this machine. */
  readonly port: number
  /** The port outside that is wished for; the router may give another one. */
  readonly externalPort: number
  /** Shown in the pages of routers that know UPnP. */
  readonly description: string
  /** For how long, in seconds. */
  readonly lifetimeS: number
}

/** What the router let in. */
export interface Grant {
  /** The router's address outside, when it tells one. */
  readonly externalHost: string | undefined
  readonly externalPort: number
  /** Address of this machine that the router sends to. */
  readonly internalHost: string
  /** Seconds until it forgets it; `Infinity` when it never does by itself. */
  readonly lifetimeS: number
}

/** A router that speaks one of the methods. */
export interface Router {
  readonly method: MappingMethod
  /** Its address in our network. */
  readonly host: string
  /** Makes a mapping, or renews the one that it made. @throws Error when it refuses or does not answer, or the reason of `signal`. */
  map(request: MappingRequest, signal: AbortSignal): Promise<Grant>
  /** Removes what `map` made. @throws as `map` does. */
  unmap(request: MappingRequest, signal: AbortSignal): Promise<void>
}
