import { access, constants, readdir, readlink, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { withoutSecrets } from '@streamer/core/plugin'
import type { DeviceHolder, DeviceNode, ProcessFact } from './facts.js'
import { textOf } from './machine.js'

/** What libcamera opens of a camera. */
const cameraNode = /^(video|media|v4l-subdev)\d+$/
/** Where libcamera gets buffers from on a Raspberry Pi; the other heaps are nobody's but root's. */
const bufferHeaps = ['vidbuf_cached', 'linux,cma']

/** The device files of cameras and their buffers. */
export async function readDevices(root: string, groups: ReadonlyMap<number, string>): Promise<DeviceNode[]> {
  const names = (await readdir(join(root, 'dev')).catch(() => [])).filter((name) => cameraNode.test(name))
  const heaps = (await readdir(join(root, 'dev/dma_heap')).catch(() => [])).filter((name) => bufferHeaps.includes(name))
  const paths = [...names.sort(byNumber), ...heaps.map((name) => `dma_heap/${name}`)].map((name) => `/dev/${name}`)
  return Promise.all(
    paths.map(async (path) => {
      const isAccessible = await access(join(root, path), constants.R_OK | constants.W_OK).then(
        () => true,
        () => false
      )
      const found = await stat(join(root, path)).catch(() => undefined)
      return { path, isAccessible, group: found && groups.get(found.gid) }
    })
  )
}

function byNumber(one: string, other: string): number {
  return one.localeCompare(other, 'en', { numeric: true })
}

/** What processes have open. */
export interface OpenFiles {
  readonly holders: readonly DeviceHolder[]
  /** Number of the process by the number of its socket. */
  readonly sockets: ReadonlyMap<string, number>
  readonly hidden: number
}

/** Looks through the open files of all processes that this user may see. */
export async function readOpenFiles(root: string): Promise<OpenFiles> {
  const pids = (await readdir(join(root, 'proc')).catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number)
  const devices = new Map<number, Set<string>>()
  const sockets = new Map<string, number>()
  let hidden = 0
  for (const pid of pids) {
    if (pid === process.pid) continue
    const folder = join(root, 'proc', String(pid), 'fd')
    const open = await readdir(folder).catch((error: NodeJS.ErrnoException) => error.code)
    if (!Array.isArray(open)) {
      if ((open === 'EACCES' || open === 'EPERM') && (await isUserProcess(root, pid))) hidden++
      continue
    }
    const targets = await Promise.all(open.map((name) => readlink(join(folder, name)).catch(() => '')))
    for (const target of targets) {
      const [, socket] = /^socket:\[(\d+)\]$/.exec(target) ?? []
      if (socket) sockets.set(socket, pid)
      else if (target.startsWith('/dev/') && cameraNode.test(target.slice(5)))
        devices.set(pid, (devices.get(pid) ?? new Set()).add(target))
    }
  }
  const using = await readLocks(root)
  const all = [...new Set([...devices.keys(), ...using.keys()])].filter((pid) => pid !== process.pid)
  const holders = await Promise.all(
    all.map(async (pid) => ({
      ...(await describeProcess(root, pid)),
      devices: [...new Set([...(using.get(pid) ?? []), ...(devices.get(pid) ?? [])])].sort(byNumber),
      isUsing: using.has(pid)
    }))
  )
  return { holders, sockets, hidden }
}

/**
 * Who has taken a camera for itself: libcamera locks the media device of a camera while that is in use. The list of locks can be read by
 * everybody, also where the open files of others cannot.
 */
async function readLocks(root: string): Promise<Map<number, string[]>> {
  const text = (await textOf(root, 'proc/locks')) ?? ''
  const nodes = new Map<string, string>()
  for (const name of await readdir(join(root, 'dev')).catch(() => [])) {
    if (!/^media\d+$/.test(name)) continue
    const found = await stat(join(root, 'dev', name)).catch(() => undefined)
    if (found) nodes.set(`${found.dev}:${found.ino}`, `/dev/${name}`)
  }
  const users = new Map<number, string[]>()
  // 1: POSIX  ADVISORY  WRITE 1234 00:06:345 0 EOF (proc_locks(5))
  for (const match of text.matchAll(/^\d+: POSIX\s+\S+\s+WRITE\s+(\d+)\s+([0-9a-f]+):([0-9a-f]+):(\d+)\s/gm)) {
    const [, pid = '', major = '', minor = '', inode = ''] = match
    const node = nodes.get(`${deviceNumber(Number.parseInt(major, 16), Number.parseInt(minor, 16))}:${inode}`)
    if (node) users.set(Number(pid), [...(users.get(Number(pid)) ?? []), node])
  }
  return users
}

/** As glibc's `makedev` packs them, for numbers that fit into 32 bits. */
export function deviceNumber(major: number, minor: number): number {
  return (minor & 0xff) | ((major & 0xfff) << 8) | ((minor & ~0xff) << 12)
}

/** Threads of the kernel have no command line. */
async function isUserProcess(root: string, pid: number): Promise<boolean> {
  return Boolean(await textOf(root, 'proc', String(pid), 'cmdline'))
}

/** Name and command line of a process; everybody may read those. */
export async function describeProcess(root: string, pid: number): Promise<ProcessFact> {
  const [name, command] = await Promise.all(['comm', 'cmdline'].map((file) => textOf(root, 'proc', String(pid), file)))
  const words = (command ?? '').split('\0').filter((word) => word !== '')
  // A line of `ps`, which somebody may paste somewhere.
  const line = withoutSecrets(words.join(' '))
  return { pid, name: name?.trim() || 'unknown', command: line.length > 120 ? `${line.slice(0, 119)}…` : line }
}
