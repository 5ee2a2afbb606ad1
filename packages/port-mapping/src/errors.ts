/** A port that no router let in (`ERR_NO_PORT_MAPPING`), or an address that no STUN server told (`ERR_NO_PUBLIC_ADDRESS`). The message says what was tried. */
export class PortMappingError extends Error {
  override readonly name = 'PortMappingError'
  readonly code: 'ERR_NO_PORT_MAPPING' | 'ERR_NO_PUBLIC_ADDRESS'

  constructor(code: PortMappingError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** What went wrong, in words. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code } = error as NodeJS.ErrnoException
  return code === 'ECONNREFUSED' ? 'not offered (ECONNREFUSED)' : error.message
}
