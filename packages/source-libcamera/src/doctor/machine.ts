import { readFile, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { BootConfig, Facts } from './facts.js'

/** Runs a program and gives what it prints, or undefined when it fails. */
export type Ask = (command: readonly string[]) => Promise<string | undefined>

/** A small file, or undefined when there is none or this user may not read it. */
export async function textOf(...path: readonly string[]): Promise<string | undefined> {
  return readFile(join(...path), 'utf8').catch(() => undefined)
}

/** The name of the machine in its device tree; PCs have none. */
export async function readModel(root: string): Promise<string | undefined> {
  const text = await textOf(root, 'proc/device-tree/model')
  return text?.replaceAll('\0', '').trim() || undefined
}

/** Names of sensors and of what carries several of them: https://www.raspberrypi.com/documentation/computers/camera_software.html */
const cameraOverlay = /^(imx|ov)\d|^(arducam|camera-mux|pivariety|tc358743|adv7\d|gc\d|irs1125|cfe|unicam)/

export async function readBootConfig(root: string): Promise<BootConfig | undefined> {
  // The first since Raspberry Pi OS of bookworm; the second is then a note that says so.
  for (const path of ['/boot/firmware/config.txt', '/boot/config.txt']) {
    const text = await textOf(root, path)
    if (text !== undefined) return { path, ...parseBootConfig(text) }
  }
  return undefined
}

function parseBootConfig(text: string): Omit<BootConfig, 'path'> {
  const lines = text.split('\n').map((line) => line.replace(/#.*/, '').trim())
  let isLeftOut = false
  let autoDetect = false
  let isLegacy = false
  const overlays: string[] = []
  for (const line of lines) {
    const [, section] = /^\[(.+)\]$/.exec(line) ?? []
    if (section) isLeftOut = section === 'none'
    if (isLeftOut) continue
    const [, key, value = ''] = /^(\w+)\s*=\s*(.*)$/.exec(line) ?? []
    if (key === 'camera_auto_detect') autoDetect = value === '1'
    else if (key === 'start_x') isLegacy = value === '1'
    else if (key === 'dtoverlay') {
      const [overlay = ''] = value.split(',')
      if (cameraOverlay.test(overlay)) overlays.push(overlay)
    }
  }
  return { autoDetect, overlays, isLegacy }
}

/** Bits of under-voltage and heat, from the firmware of a Raspberry Pi. */
export async function readThrottled(root: string, ask: Ask): Promise<number | undefined> {
  const fromSystem = await textOf(root, 'sys/devices/platform/soc/soc:firmware/get_throttled')
  const text = fromSystem ?? (await ask(['vcgencmd', 'get_throttled']))
  const [, digits] = /^(?:throttled=)?(?:0x)?([0-9a-f]{1,8})\s*$/i.exec(text ?? '') ?? []
  return digits === undefined ? undefined : Number.parseInt(digits, 16)
}

export async function readCma(root: string): Promise<Facts['cma']> {
  const text = (await textOf(root, 'proc/meminfo')) ?? ''
  const kibibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0)
  const totalBytes = kibibytes('CmaTotal') * 1024
  return totalBytes === 0 ? undefined : { totalBytes, freeBytes: kibibytes('CmaFree') * 1024 }
}

/** Free bytes of the disk that a folder is on, or will be. */
export async function freeBytes(folder: string): Promise<number | undefined> {
  for (let place = folder; ; place = dirname(place)) {
    const found = await statfs(place).catch(() => undefined)
    if (found) return found.bavail * found.bsize
    if (place === dirname(place)) return undefined
  }
}

/** Groups by number, and those of a user that the next login will give. */
export async function readGroups(root: string, user: string) {
  const rows = ((await textOf(root, 'etc/group')) ?? '').split('\n').map((line) => line.split(':'))
  const names = new Map(rows.map(([name = '', , id]) => [Number(id), name]))
  const next = rows.filter(([, , , members = '']) => members.split(',').includes(user)).map(([name = '']) => name)
  return { names, next }
}
