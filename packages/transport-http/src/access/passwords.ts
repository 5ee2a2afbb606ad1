import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

/** How much work one password is. */
interface Cost {
  /** N, a power of two. */
  readonly cost: number
  /** r */
  readonly blockSize: number
  /** p */
  readonly parallelization: number
}

/** A password as the configuration has it. */
export interface PasswordHash extends Cost {
  readonly salt: Buffer
  readonly hash: Buffer
}

/**
 * One of the equal choices of OWASP's Password Storage Cheat Sheet for scrypt, the one with 16 MiB of memory: several may run at once on a
 * Raspberry Pi with 512 MiB.
 */
const newCost: Cost = { cost: 2 ** 14, blockSize: 8, parallelization: 5 }
/** OWASP's least and greatest N. */
const [leastCost, greatestCost] = [2 ** 13, 2 ** 17]
/** Bytes; RFC 7914 section 2 wants random salt, and 16 bytes are NIST SP 800-132's 128 bits. */
const saltLength = 16
/** Bytes. */
const hashLength = 32
/** Of a password, so that nobody makes us hash a whole head. Bytes of UTF-8. */
export const maxPasswordLength = 1024

const form = /^scrypt\$N=(\d{1,7}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{22,86}={0,2})\$([A-Za-z0-9+/]{43}=?)$/

/** Off the event loop. */
function derive(password: string, salt: Buffer, { cost, blockSize, parallelization }: Cost): Promise<Buffer> {
  const options = { N: cost, r: blockSize, p: parallelization, maxmem: 256 * cost * blockSize }
  return new Promise((resolve, reject) => {
    // Typed alike on every keyboard: RFC 8265 section 4.2 wants form C.
    scrypt(password.normalize('NFC'), salt, hashLength, options, (error, key) => (error ? reject(error) : resolve(key)))
  })
}

/**
 * What to write into the configuration for a password: `scrypt$N=16384,r=8,p=5$<salt>$<hash>`, both in Base64.
 * @throws RangeError when it is empty or longer than 1024 bytes.
 */
export async function hashPassword(password: string): Promise<string> {
  const length = Buffer.byteLength(password)
  if (length === 0) throw new RangeError('the password is empty')
  if (length > maxPasswordLength) throw new RangeError(`the password is longer than ${maxPasswordLength} bytes`)
  const salt = randomBytes(saltLength)
  const hash = await derive(password, salt, newCost)
  const { cost, blockSize, parallelization } = newCost
  const parameters = `N=${cost},r=${blockSize},p=${parallelization}`
  return `scrypt$${parameters}$${salt.toString('base64')}$${hash.toString('base64')}`
}

/** Reads what `hashPassword` made; undefined when it is something else, or costs too little or too much. */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  const match = form.exec(text)
  if (!match) return undefined
  const [cost = 0, blockSize = 0, parallelization = 0] = match.slice(1, 4).map(Number)
  const isPower = cost >= leastCost && cost <= greatestCost && (cost & (cost - 1)) === 0
  if (!isPower || blockSize !== 8 || parallelization < 1 || parallelization > 16) return undefined
  const [salt, hash] = match.slice(4).map((part) => Buffer.from(part, 'base64'))
  if (salt === undefined || hash?.length !== hashLength) return undefined
  return { cost, blockSize, parallelization, salt, hash }
}

/** Compares in constant time. */
export async function isPassword(password: string, expected: PasswordHash): Promise<boolean> {
  return timingSafeEqual(await derive(password, expected.salt, expected), expected.hash)
}

/** What the passwords of unknown users are compared with: the same work as for a known one, and never the same. */
export function unknownUserHash(like: PasswordHash | undefined): PasswordHash {
  return { ...newCost, ...like, salt: randomBytes(saltLength), hash: randomBytes(hashLength) }
}
