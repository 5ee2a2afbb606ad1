import type { Control } from '@streamer/core'
import { type CameraInfo, type CameraList, listCameras } from '@streamer/source-libcamera'
import type { CommandLine } from '../arguments.js'
import { cameraSettings, stderrLogger, untilInterrupted, wrapped } from '../camera-tools.js'
import { colours } from '../colours.js'
import { aligned, print } from '../listing.js'
import { warnOnStderr } from '../load.js'

const indent = '   '
/** Of the widest name of a row. */
const nameWidth = 'controls'.length

/** `streamer cameras`: what there is and what can be set. Ends with 1 when there is no camera. */
export async function cameras(line: CommandLine): Promise<number> {
  const { driver, problems } = await cameraSettings(line)
  warnOnStderr(problems)
  const list = await untilInterrupted((signal) => listCameras({ ...driver, logger: stderrLogger, signal, build: true }))
  if (line.switches.has('json')) print([JSON.stringify(list, undefined, 2)])
  else print(list.cameras.length === 0 ? noneLines(list) : listLines(list))
  return list.cameras.length === 0 ? 1 : 0
}

function by({ backEnd, libcamera }: CameraList): string {
  return backEnd === 'rpicam' ? 'by rpicam-vid' : `by libcamera ${libcamera}`
}

function noneLines(list: CameraList): string[] {
  const { dim } = colours(process.stdout)
  return [`No camera was found ${by(list)}.`, dim('`streamer doctor` looks for the reason and says what helps.')]
}

function listLines(list: CameraList): string[] {
  const { dim } = colours(process.stdout)
  const count = list.cameras.length
  return [
    `${count === 1 ? '1 camera' : `${count} cameras`}, found ${by(list)}`,
    '',
    ...list.cameras.flatMap((camera, index) => cameraLines(camera, index, list)),
    dim('In .streamerrc, the first one:  source: { use: libcamera, camera: 0 }')
  ]
}

function cameraLines(camera: CameraInfo, index: number, { backEnd }: CameraList): string[] {
  const { bold, dim } = colours(process.stdout)
  const { id, model, location, rotation, modes, controls } = camera
  const row = (name: string, text: string) => `${indent}${dim(name.padEnd(nameWidth))}  ${text}`
  const place = [location, rotation ? `mounted turned by ${rotation}°` : undefined].filter((text) => text !== undefined)
  const noControls = backEnd === 'rpicam' ? 'rpicam-vid does not tell' : 'none'
  return [
    `${bold(String(index))}  ${bold(model)}`,
    row('id', id),
    ...(place.length > 0 ? [row('place', place.join(', '))] : []),
    ...sizeRows(modes).map((text, line) => row(line === 0 ? 'sizes' : '', text)),
    ...(controls.length === 0
      ? [row('controls', noControls)]
      : controlRows(controls, dim).map((text, line) => row(line === 0 ? 'controls' : '', text))),
    ''
  ]
}

/** A row for each pixel format. */
function sizeRows(modes: CameraInfo['modes']): string[] {
  const groups = new Map<string, string[]>()
  for (const { pixelFormat = '', width, height } of modes)
    groups.set(pixelFormat, [...(groups.get(pixelFormat) ?? []), `${width}x${height}`])
  const formatWidth = Math.max(0, ...[...groups.keys()].map((name) => name.length))
  const margin = indent.length + nameWidth + 2 + (formatWidth > 0 ? formatWidth + 2 : 0)
  const columns = Math.max(60, Math.min(100, process.stdout.columns ?? 100))
  return [...groups].map(([format, sizes]) => {
    const text = wrapped(sizes, columns, ' '.repeat(margin))
    return formatWidth > 0 ? `${format.padEnd(formatWidth)}  ${text}` : text
  })
}

function controlRows(controls: readonly Control[], dim: (text: string) => string): string[] {
  const rows = aligned(controls.map((control) => [control.name, allowed(control), `default ${control.default}`, '']))
  const width = Math.max(...rows.map((row) => row.length))
  return rows.map((row, index) => {
    const description = controls[index]?.description ?? ''
    return description === '' ? row : `${row.padEnd(width)}  ${dim(description)}`
  })
}

function allowed(control: Control): string {
  if (control.type === 'boolean') return 'true or false'
  if (control.type === 'enum') return control.values.join(', ')
  const range = `${numberText(control.minimum)} to ${numberText(control.maximum)}`
  return control.unit === undefined ? range : `${range} ${control.unit}`
}

/** Without the digits that only binary fractions have. */
function numberText(value: number): string {
  return String(Number(value.toPrecision(7)))
}
