import { isIPv6 } from 'node:net'
import type { PortFact, PortWish } from './facts.js'
import { textOf } from './machine.js'
import { describeProcess, type OpenFiles } from './processes.js'

/** A socket that waits for clients. */
interface Listening {
  readonly address: string
  readonly port: number
  /** Its number, by which its process can be found. */
  readonly inode: string
}

/** `TCP_LISTEN` of Linux's include/net/tcp_states.h. */
const listenState = '0A'
/** Ports below this one are root's where the system does not say otherwise. */
const privilegedBelow = 1024

/** Whether the ports that transports want are free, and who has those that are not. */
export async function readPorts(
  root: string,
  wishes: readonly PortWish[],
  isRoot: boolean,
  sockets: OpenFiles['sockets']
): Promise<PortFact[]> {
  const limit = Number((await textOf(root, 'proc/sys/net/ipv4/ip_unprivileged_port_start')) ?? privilegedBelow)
  const tables = {
    tcp: await listening(root, ['tcp', 'tcp6'], listenState),
    udp: await listening(root, ['udp', 'udp6'], undefined)
  }
  return Promise.all(
    wishes.map(async (wish): Promise<PortFact> => {
      const table = tables[wish.protocol]
      if (!table) return { ...wish, state: 'unknown', by: undefined }
      const taken = table.filter(({ address, port }) => port === wish.port && overlap(address, wish.host))
      if (wish.port === 0 || taken.length === 0) {
        const isPrivileged = wish.port > 0 && wish.port < limit && !isRoot
        return { ...wish, state: isPrivileged ? 'privileged' : 'free', by: undefined }
      }
      const pid = taken.map(({ inode }) => sockets.get(inode)).find((found) => found !== undefined)
      return { ...wish, state: 'taken', by: pid === undefined ? undefined : await describeProcess(root, pid) }
    })
  )
}

async function listening(root: string, files: readonly string[], state: string | undefined) {
  const texts = await Promise.all(files.map((file) => textOf(root, 'proc/net', file)))
  if (texts.every((text) => text === undefined)) return undefined
  return texts.flatMap((text = '') =>
    text
      .split('\n')
      .slice(1)
      .flatMap((line): Listening[] => {
        const words = line.trim().split(/\s+/)
        const [, local = '', , st] = words
        const [address = '', port = ''] = local.split(':')
        if (port === '' || (state !== undefined && st !== state)) return []
        return [{ address: addressOf(address), port: Number.parseInt(port, 16), inode: words[9] ?? '' }]
      })
  )
}

/** Linux prints addresses as 32-bit words in the order of the processor, which is little-endian wherever Node runs on a Pi or PC. */
function addressOf(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).reverse())
  if (bytes.length === 4) return bytes.map((byte) => Number.parseInt(byte, 16)).join('.')
  const groups = Array.from({ length: 8 }, (_, i) => bytes.slice(2 * i, 2 * i + 2).join(''))
  return canonical(groups.join(':'))
}

/** One spelling for each address. */
function canonical(address: string): string {
  const plain = address.replace(/%.*$/, '').replace(/^localhost$/, '127.0.0.1')
  if (!isIPv6(plain)) return plain
  const text = new URL(`http://[${plain}]`).hostname.slice(1, -1)
  const [, high, low] = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(text) ?? []
  if (high === undefined || low === undefined) return text
  const [one, two] = [Number.parseInt(high, 16), Number.parseInt(low, 16)]
  return [one >> 8, one & 0xff, two >> 8, two & 0xff].join('.')
}

function overlap(address: string, host: string): boolean {
  const isAny = (text: string) => text === '::' || text === '0.0.0.0'
  return isAny(address) || isAny(canonical(host)) || address === canonical(host)
}
