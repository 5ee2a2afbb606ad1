import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import { join } from 'node:path'
import type { CommandLine } from '../arguments.js'
import { print } from '../listing.js'
import { UsageError } from '../usage-error.js'

/** Apple's systems trust no certificate for longer (support article 103769). */
const validDays = 825
const dayMs = 86_400_000
/** A clock that is a little behind shall not take it for one of the future. */
const earlierMs = dayMs

/** `streamer cert`: a certificate of one's own, and its key, for HTTPS in the house. */
export async function cert(line: CommandLine): Promise<number> {
  const folder = line.values.out?.at(-1) ?? '.'
  const names = [...new Set([...ownNames(), ...(line.values['also-for'] ?? []).map(checkedName)])]
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
  if (!line.switches.has('force')) {
    for (const file of Object.values(files)) {
      if (await exists(file)) throw new UsageError(`${file} is there already; --force writes another one in its place`)
    }
  }
  const made = await makeCertificate(names)
  await mkdir(folder, { recursive: true })
  await replaceFile(files.key, made.key, 0o600)
  await replaceFile(files.cert, made.cert, 0o644)
  print([
    `wrote ${files.cert} and ${files.key}, good until ${made.notAfter.toISOString().slice(0, 10)} for ${names.join(', ')}`,
    '',
    'In the configuration:',
    `  - { use: http, tls: { cert: ${JSON.stringify(files.cert)}, key: ${JSON.stringify(files.key)} } }`,
    '',
    'Nobody vouches for it: browsers warn once, and it can be given to programs as the one to trust (curl --cacert, streamer watch --ca).'
  ])
  return 0
}

async function makeCertificate(
  names: readonly string[]
): Promise<{ readonly cert: string; readonly key: string; readonly notAfter: Date }> {
  const x509 = await import('@peculiar/x509')
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const notAfter = new Date(Date.now() - earlierMs + validDays * dayMs)
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=Streamer',
    notBefore: new Date(Date.now() - earlierMs),
    notAfter,
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value }))
      )
    ]
  })
  const key = x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')
  return { cert: `${certificate.toString('pem')}\n`, key: `${key}\n`, notAfter }
}

/** By which others call this machine: its name, also with `.local` (RFC 6762), and its addresses but for link-local ones, which no browser can use. */
function ownNames(): string[] {
  const [own = ''] = hostname().toLowerCase().split('.')
  const names = /^[a-z0-9-]{1,63}$/.test(own) ? [own, `${own}.local`] : []
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .map(({ address }) => address)
    .filter((address) => !/^(fe80:|169\.254\.)/i.test(address))
  return ['localhost', ...names, ...addresses]
}

/** @throws UsageError */
function checkedName(given: string): string {
  const name = given.toLowerCase()
  if (isIP(name) !== 0 || /^(\*\.)?[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*$/.test(name)) return name
  throw new UsageError(`--also-for: ${JSON.stringify(given)} is neither the name of a machine nor an address`)
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file)
    return true
  } catch {
    return false
  }
}

/** A server that reads it at this moment gets the old one or the new one, whole. */
async function replaceFile(file: string, text: string, mode: number): Promise<void> {
  const draft = `${file}.new`
  await rm(draft, { force: true })
  await writeFile(draft, text, { mode, flag: 'wx' })
  await rename(draft, file)
}
