import type { LockOut } from './lock-out.js'
import { isPassword, maxPasswordLength, type PasswordHash, parsePasswordHash, unknownUserHash } from './passwords.js'
import { Remembered } from './remembered.js'
import type { Role } from './role.js'

/** Whose password it was; why not, otherwise. */
export type Login = Role | 'wrong' | 'locked' | 'busy'

/** As the configuration has it. */
export interface UserOptions {
  readonly password: string
  readonly role: Role
}

/** Scrypts at once: Node has four threads for them and for reading files. */
const maxAtOnce = 2
/** Checks that may wait, some tenths of a second each. */
const maxWaiting = 32
/** Of one address, so that one alone cannot keep all others out. */
const maxPerAddress = 4

/** Checks the users' names and passwords. */
export class Users {
  readonly #users = new Map<string, { readonly hash: PasswordHash; readonly role: Role }>()
  readonly #unknown: PasswordHash
  readonly #lockOut: LockOut
  readonly #remembered: Remembered
  /** Checks under way by what they check: a browser opens several connections at once. */
  readonly #checking = new Map<string, Promise<Login>>()
  readonly #perAddress = new Map<string, number>()
  readonly #queue: Array<() => void> = []
  #running = 0

  /** @param nowMs a clock that never jumps. */
  constructor(
    users: Readonly<Record<string, UserOptions>>,
    lockOut: LockOut,
    nowMs: () => number = () => performance.now()
  ) {
    for (const [name, { password, role }] of Object.entries(users)) {
      const hash = parsePasswordHash(password)
      if (hash) this.#users.set(name.normalize('NFC'), { hash, role })
    }
    const [first] = this.#users.values()
    this.#unknown = unknownUserHash(first?.hash)
    this.#lockOut = lockOut
    this.#remembered = new Remembered(nowMs)
  }

  get isEmpty(): boolean {
    return this.#users.size === 0
  }

  /**
   * @param credentials what follows `Basic` in the field `Authorization`.
   * @param address as `addressGroup` gives it.
   * @param onFailure told of each password that was wrong, and whether its address is locked out from now on.
   */
  check(credentials: string, address: string, onFailure: (isLocked: boolean) => void): Login | Promise<Login> {
    if (this.#lockOut.waitS(address) > 0) return 'locked'
    const role = this.#remembered.roleOf(credentials)
    if (role !== undefined) return role
    // Of one address only: another one must not learn from how long it takes, nor share its failures.
    const checkName = `${address} ${credentials}`
    const known = this.#checking.get(checkName)
    if (known) return known
    const ofAddress = this.#perAddress.get(address) ?? 0
    if (ofAddress >= maxPerAddress || this.#queue.length >= maxWaiting) return 'busy'
    this.#perAddress.set(address, ofAddress + 1)
    const check = this.#verify(credentials, address, onFailure).finally(() => {
      this.#checking.delete(checkName)
      const left = (this.#perAddress.get(address) ?? 1) - 1
      if (left === 0) this.#perAddress.delete(address)
      else this.#perAddress.set(address, left)
    })
    this.#checking.set(checkName, check)
    return check
  }

  async #verify(credentials: string, address: string, onFailure: (isLocked: boolean) => void): Promise<Login> {
    const [name, password] = parseCredentials(credentials)
    const user = this.#users.get(name)
    await this.#turn()
    try {
      // Others that came before it may have had it locked.
      if (this.#lockOut.waitS(address) > 0) return 'locked'
      const isRight = await isPassword(password, user?.hash ?? this.#unknown)
      if (user && isRight) {
        this.#remembered.add(credentials, user.role)
        return user.role
      }
    } finally {
      this.#running--
      this.#queue.shift()?.()
    }
    onFailure(this.#lockOut.fail(address))
    return 'wrong'
  }

  async #turn(): Promise<void> {
    if (this.#running >= maxAtOnce) await new Promise<void>((resolve) => this.#queue.push(resolve))
    this.#running++
  }
}

/** RFC 7617 section 2: `user:password` in Base64; a password may have colons. What is too long is nobody's. */
function parseCredentials(credentials: string): readonly [name: string, password: string] {
  const text = Buffer.from(credentials, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 0) return ['', '']
  const password = text.slice(colon + 1)
  if (Buffer.byteLength(password) > maxPasswordLength) return ['', '']
  return [text.slice(0, colon).normalize('NFC'), password]
}
