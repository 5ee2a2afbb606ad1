import { createRequire } from 'node:module'

/** What of libc is called. Results below 0 are failures; `errorCode` then tells which. */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number
  /** @param value one C int. */
  setsockopt(fd: number, level: number, name: number, value: readonly number[], length: number): number
  bind(fd: number, address: Uint8Array, length: number): number
  close(fd: number): number
  /** Writes the bytes of a textual address to `target`; 1 when it was one. */
  inetPton(family: number, text: string, target: Uint8Array): number
  /** Name of the last failure: `EADDRINUSE`. */
  errorCode(): string
}

let loaded: Libc | undefined | 'not tried' = 'not tried'

/** libc, or undefined where it cannot be called. Loaded once, when first asked for. */
export function libc(): Libc | undefined {
  if (loaded === 'not tried') loaded = load()
  return loaded
}

function load(): Libc | undefined {
  // The numbers in open.ts are Linux's.
  if (process.platform !== 'linux') return undefined
  try {
    // `require`, so that a koffi that is not installed is nothing worse than an exception here.
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
    const library = koffi.load(null)
    const codes = new Map(Object.entries(koffi.os.errno).map(([name, number]) => [number, name]))
    return {
      socket: library.func('int socket(int domain, int type, int protocol)'),
      setsockopt: library.func('int setsockopt(int fd, int level, int name, const int *value, uint32_t length)'),
      bind: library.func('int bind(int fd, const uint8_t *address, uint32_t length)'),
      close: library.func('int close(int fd)'),
      inetPton: library.func('int inet_pton(int family, const char *text, _Out_ uint8_t *target)'),
      errorCode: () => codes.get(koffi.errno()) ?? `errno ${koffi.errno()}`
    } as Libc
  } catch {
    return undefined
  }
}
