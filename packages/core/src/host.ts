import { readFileSync } from 'node:fs'
import type { HostView, Stream, TransportStatus } from './plugin/index.js'

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

/** Version of this package. */
export const coreVersion: string = manifest.version

/** What plugins see of the program. It is handed to them before the program is complete, so it fills up. */
export class Host implements HostView {
  readonly version = coreVersion
  readonly startedAtMs = Date.now()
  readonly streams = new Map<string, Stream>()
  #status: () => readonly TransportStatus[] = () => []
  #disconnect: (id: string) => boolean = () => false

  /** Where `transports()` gets its answer, and who can let a client go. */
  connect(status: () => readonly TransportStatus[], disconnect: (id: string) => boolean): void {
    this.#status = status
    this.#disconnect = disconnect
  }

  disconnect(id: string): boolean {
    return this.#disconnect(id)
  }

  transports(): readonly TransportStatus[] {
    return this.#status()
  }
}
