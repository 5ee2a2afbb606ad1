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
  /** The number of a network interface; 0 when there is none of this name. */
  interfaceIndex(name: string): number
  /** @param messages `count` of `types.message`, one behind the other. @returns how many of them were sent. */
  sendmmsg(fd: number, messages: Uint8Array, count: number, flags: number): number
  /** Name of the last failure: `EADDRINUSE`. */
  errorCode(): string
  readonly types: MessageTypes
  /** Writes a value as C has it. For a pointer, `value` is the memory that it shall point to, which it does not keep alive. */
  encode(memory: Uint8Array, at: number, type: CType | 'size_t' | 'uint16_t', value: unknown): void
}

/** A struct of C as koffi lays it out for this machine. */
export interface CType {
  readonly size: number
  readonly members?: Readonly<Record<string, { readonly offset: number }>>
}

/** What `sendmmsg` reads: see sendmmsg(2), recvmsg(2) and cmsg(3). */
export interface MessageTypes {
  /** `struct mmsghdr`: a `header` and a `length`. */
  readonly message: CType
  /** `struct msghdr`. */
  readonly header: CType
  /** `struct iovec`. */
  readonly piece: CType
  /** `struct cmsghdr` and one `uint16_t` as its data, with the room that is left behind it. */
  readonly control: CType
}

let loaded: Libc | undefined | 'not tried' = 'not tried'

/** libc, or undefined where it cannot be called. Loaded once, when first asked for. */
export function libc(): Libc | undefined {
  if (loaded === 'not tried') loaded = load()
  return loaded
}

function load(): Libc | undefined {
  // The numbers in numbers.ts are Linux's.
  if (process.platform !== 'linux') return undefined
  try {
    // `require`, so that a koffi that is not installed is nothing worse than an exception here.
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
    const library = koffi.load(null)
    // EWOULDBLOCK is another name of EAGAIN, which is what Node calls it.
    const names = Object.entries(koffi.os.errno).filter(([name]) => name !== 'EWOULDBLOCK')
    const codes = new Map(names.map(([name, number]) => [number, name]))
    return {
      socket: library.func('int socket(int domain, int type, int protocol)'),
      setsockopt: library.func('int setsockopt(int fd, int level, int name, const int *value, uint32_t length)'),
      bind: library.func('int bind(int fd, const uint8_t *address, uint32_t length)'),
      close: library.func('int close(int fd)'),
      inetPton: library.func('int inet_pton(int family, const char *text, _Out_ uint8_t *target)'),
      interfaceIndex: library.func('unsigned int if_nametoindex(const char *name)'),
      sendmmsg: library.func('int sendmmsg(int fd, void *messages, unsigned int count, int flags)'),
      errorCode: () => codes.get(koffi.errno()) ?? `errno ${koffi.errno()}`,
      types: messageTypes(koffi),
      encode: koffi.encode
    } as Libc
  } catch {
    return undefined
  }
}

function messageTypes(koffi: typeof import('koffi')): MessageTypes {
  const header = koffi.struct({
    name: 'void *',
    nameLength: 'uint32_t',
    pieces: 'void *',
    pieceCount: 'size_t',
    control: 'void *',
    controlLength: 'size_t',
    flags: 'int'
  })
  return {
    header,
    message: koffi.struct({ header, length: 'unsigned int' }),
    piece: koffi.struct({ base: 'void *', length: 'size_t' }),
    control: koffi.struct({ length: 'size_t', level: 'int', type: 'int', value: 'uint16_t' })
  }
}
