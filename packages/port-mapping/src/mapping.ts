import { isPrivateAddress } from './addresses.js'
import { PortMappingError, reasonOf } from './errors.js'
import type { Grant, MappingMethod, MappingRequest, Router } from './router.js'

/** The longest time between two renewals. A router that was switched off and on has forgotten its mappings, and nobody gets in until the next renewal. */
const renewEveryMs = 600_000
/** RFC 6887 section 11.2.1. */
const renewSoonestMs = 4000
/** How long after a renewal that failed the next is tried. */
const retryMs = 60_000
/** How long `close()` waits for the router. */
const removeTimeoutMs = 3000

/** A router, and what it let in. */
export interface MappedPort {
  readonly router: Router
  readonly grant: Grant
}

/** What became of a mapping after it was made. */
export type MappingEvent =
  /** The address outside is another one now; `mapping` has it. */
  | { readonly kind: 'moved'; readonly mapping: PortMapping }
  /** The router does not let the port in any more, or does not answer. It is tried again every minute. */
  | { readonly kind: 'lost'; readonly mapping: PortMapping; readonly error: Error }
  /** It is let in again. */
  | { readonly kind: 'regained'; readonly mapping: PortMapping }
  /** `close()` could not remove it; the router forgets it after 20 minutes, or never when `isPermanent`. */
  | { readonly kind: 'left'; readonly mapping: PortMapping; readonly error: Error; readonly isPermanent: boolean }

/** A port of this machine that a router lets in, kept up until it is closed. */
export interface PortMapping {
  readonly method: MappingMethod
  /** The router's address in our network. */
  readonly gateway: string
  /** Where viewers outside find the port; undefined when the router does not tell its address. */
  readonly externalHost: string | undefined
  readonly externalPort: number
  /** Address of this machine that the router sends to; a socket must listen there, or on all addresses. */
  readonly internalHost: string
  /**
   * Whether `externalHost` is one that nobody on the internet can reach, because another router or the provider translates once more. What helps is a
   * mapping there too, or a relay.
   */
  readonly isBehindAnotherRouter: boolean
  /** Ends the renewals and removes the mapping. Never rejects, takes some seconds at most, and may be called twice. */
  close(): Promise<void>
}

/** Renews a mapping by half of its lifetime, and makes it anew, with whatever router there is then, when that fails. */
export class KeptMapping implements PortMapping {
  readonly #request: MappingRequest
  readonly #acquire: (request: MappingRequest, signal: AbortSignal) => Promise<MappedPort>
  readonly #onEvent: ((event: MappingEvent) => void) | undefined
  readonly #ended = new AbortController()
  #mapped: MappedPort
  #timer: NodeJS.Timeout | undefined
  #renewal: Promise<void> | undefined
  #isLost = false
  #closing: Promise<void> | undefined

  /** @param acquire makes the mapping anew. @param mapped what it gave first. */
  constructor(
    request: MappingRequest,
    mapped: MappedPort,
    acquire: (request: MappingRequest, signal: AbortSignal) => Promise<MappedPort>,
    onEvent?: (event: MappingEvent) => void
  ) {
    this.#request = request
    this.#mapped = mapped
    this.#acquire = acquire
    this.#onEvent = onEvent
    this.#renewIn(this.#renewalMs())
  }

  get method(): MappingMethod {
    return this.#mapped.router.method
  }

  get gateway(): string {
    return this.#mapped.router.host
  }

  get externalHost(): string | undefined {
    return this.#mapped.grant.externalHost
  }

  get externalPort(): number {
    return this.#mapped.grant.externalPort
  }

  get internalHost(): string {
    return this.#mapped.grant.internalHost
  }

  get isBehindAnotherRouter(): boolean {
    return this.externalHost !== undefined && isPrivateAddress(this.externalHost)
  }

  /** Aborted when `close()` is called. */
  get closed(): AbortSignal {
    return this.#ended.signal
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    clearTimeout(this.#timer)
    this.#ended.abort()
    await this.#renewal
    const { router, grant } = this.#mapped
    try {
      await router.unmap(this.#current(), AbortSignal.timeout(removeTimeoutMs))
    } catch (error) {
      const isPermanent = grant.lifetimeS === Number.POSITIVE_INFINITY
      const { host } = router
      this.#tell({
        kind: 'left',
        mapping: this,
        isPermanent,
        error: new PortMappingError('ERR_NO_PORT_MAPPING', `${host} did not remove the mapping: ${reasonOf(error)}`, {
          cause: error
        })
      })
    }
  }

  #renewIn(delayMs: number): void {
    if (this.#ended.signal.aborted) return
    this.#timer = setTimeout(() => {
      this.#renewal = this.#renew()
    }, delayMs)
    // A port that is let in is no reason for a process to go on.
    this.#timer.unref()
  }

  async #renew(): Promise<void> {
    const { signal } = this.#ended
    const before = this.#mapped
    try {
      this.#mapped = await this.#again(signal)
    } catch (error) {
      if (!signal.aborted && !this.#isLost) {
        this.#isLost = true
        this.#tell({ kind: 'lost', mapping: this, error: error as Error })
      }
      this.#renewIn(retryMs)
      return
    }
    const { grant } = this.#mapped
    const hasMoved =
      grant.externalHost !== before.grant.externalHost || grant.externalPort !== before.grant.externalPort
    if (this.#isLost) this.#tell({ kind: 'regained', mapping: this })
    else if (hasMoved) this.#tell({ kind: 'moved', mapping: this })
    this.#isLost = false
    this.#renewIn(this.#renewalMs())
  }

  async #again(signal: AbortSignal): Promise<MappedPort> {
    const { router } = this.#mapped
    try {
      return { router, grant: await router.map(this.#current(), signal) }
    } catch {
      signal.throwIfAborted()
      return await this.#acquire(this.#current(), signal)
    }
  }

  /** The request with the port outside that we have. */
  #current(): MappingRequest {
    return { ...this.#request, externalPort: this.#mapped.grant.externalPort }
  }

  #renewalMs(): number {
    return Math.max(renewSoonestMs, Math.min(renewEveryMs, (this.#mapped.grant.lifetimeS * 1000) / 2))
  }

  /** What a listener throws is its own affair and must not end the renewals. */
  #tell(event: MappingEvent): void {
    try {
      this.#onEvent?.(event)
    } catch (error) {
      process.emitWarning(error as Error)
    }
  }
}
