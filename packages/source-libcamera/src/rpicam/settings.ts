import type { Control, ControlValue } from '@streamer/core/plugin'

/** Values of settings by name. */
export type Settings = Readonly<Record<string, ControlValue>>

/** Our names, which are libcamera's and those of the helper, to the ones of rpicam-vid. */
const meteringModes: Readonly<Record<string, string>> = {
  'centre-weighted': 'centre',
  spot: 'spot',
  // Newer versions call it `matrix` too; the older name is known to all.
  matrix: 'average',
  custom: 'custom'
}
const awbModes = ['auto', 'incandescent', 'tungsten', 'fluorescent', 'indoor', 'daylight', 'cloudy', 'custom']
const focusModes = ['default', 'manual', 'auto', 'continuous']
const noiseReductions: Readonly<Record<string, string>> = {
  auto: 'auto',
  off: 'off',
  minimal: 'cdn_off',
  fast: 'cdn_fast',
  'high-quality': 'cdn_hq'
}
const hdrModes: Readonly<Record<string, string>> = {
  off: 'off',
  auto: 'auto',
  sensor: 'sensor',
  'single-exposure': 'single-exp'
}

/** rpicam-vid takes no more of these three (`core/options.cpp`). */
const mostOfIt = 15.99

/**
 * What rpicam-vid can be told, whatever the camera: it does not say what that has. What a camera lacks is without effect.
 * @param framerate frames per second, in which the exposure must have room.
 */
export function settingsFor(framerate: number): readonly Control[] {
  return [
    {
      ...integer('exposureTimeUs', 0, Math.max(1, Math.floor(1e6 / framerate)), 0),
      unit: 'µs',
      description: 'Time of exposure; 0 is automatic.'
    },
    { ...number('gain', 0, 64, 0), description: 'Analogue gain; 0 is automatic.' },
    { ...number('exposureValue', -10, 10, 0), unit: 'EV', description: 'Makes automatic exposure lighter or darker.' },
    oneOf('meteringMode', Object.keys(meteringModes), 'What automatic exposure looks at.'),
    oneOf('awbMode', awbModes, 'White balance for this kind of light.'),
    {
      ...number('redGain', 0, 32, 0),
      description: 'Gain of red, with blueGain in place of the white balance; 0 is automatic.'
    },
    {
      ...number('blueGain', 0, 32, 0),
      description: 'Gain of blue, with redGain in place of the white balance; 0 is automatic.'
    },
    oneOf('focusMode', focusModes, 'How the lens is moved, where it can be.'),
    {
      ...number('lensPosition', 0, 32, 0),
      unit: 'dioptres',
      description: 'Where the lens is in focus; 0 is infinity.'
    },
    { ...number('brightness', -1, 1, 0), description: 'Added to all pixels; 1 is white.' },
    { ...number('contrast', 0, mostOfIt, 1), description: 'Contrast; 1 is normal.' },
    { ...number('saturation', 0, mostOfIt, 1), description: 'Colour; 1 is normal, 0 is grey.' },
    { ...number('sharpness', 0, mostOfIt, 1), description: 'Sharpening; 1 is normal, 0 is none.' },
    oneOf('noiseReduction', Object.keys(noiseReductions), 'How noise is taken out.'),
    oneOf('hdr', Object.keys(hdrModes), 'High dynamic range, where the camera has it.'),
    { ...number('zoom', 1, 16, 1), description: 'Digital zoom into the centre; 1 is the whole picture.' }
  ]
}

/** Arguments for what differs from the defaults, so that a version which does not know an option is not given it for nothing. */
export function settingArguments(settings: Settings): string[] {
  const { zoom, redGain, blueGain, focusMode, lensPosition } = settings
  const options: Array<readonly [name: string, value: ControlValue | undefined, fallback?: ControlValue]> = [
    ['--shutter', settings.exposureTimeUs, 0],
    ['--gain', settings.gain, 0],
    ['--ev', settings.exposureValue, 0],
    ['--metering', named(meteringModes, settings.meteringMode), 'centre'],
    ['--awb', settings.awbMode, 'auto'],
    // rpicam-vid takes both or none.
    ['--awbgains', redGain && blueGain ? `${redGain},${blueGain}` : undefined],
    ['--autofocus-mode', focusMode, 'default'],
    // Infinity is a place as well, but only whoever focuses by hand means it.
    ['--lens-position', focusMode === 'manual' ? lensPosition : lensPosition || undefined],
    ['--brightness', settings.brightness, 0],
    ['--contrast', settings.contrast, 1],
    ['--saturation', settings.saturation, 1],
    ['--sharpness', settings.sharpness, 1],
    ['--denoise', named(noiseReductions, settings.noiseReduction), 'auto'],
    ['--hdr', named(hdrModes, settings.hdr), 'off'],
    ['--roi', typeof zoom === 'number' && zoom !== 1 ? centred(1 / zoom) : undefined]
  ]
  return options.flatMap(([name, value, fallback]) =>
    value === undefined || value === fallback ? [] : [name, String(value)]
  )
}

function named(names: Readonly<Record<string, string>>, value: ControlValue | undefined): string | undefined {
  return value === undefined ? undefined : names[String(value)]
}

/** `x,y,width,height` of the middle part of the picture, in parts of the whole. */
function centred(part: number): string {
  const edge = ((1 - part) / 2).toFixed(4)
  return `${edge},${edge},${part.toFixed(4)},${part.toFixed(4)}`
}

function integer(name: string, minimum: number, maximum: number, fallback: number) {
  return { name, type: 'integer' as const, minimum, maximum, default: fallback }
}

function number(name: string, minimum: number, maximum: number, fallback: number) {
  return { name, type: 'number' as const, minimum, maximum, default: fallback }
}

/** The first value is the default. */
function oneOf(name: string, values: readonly string[], description: string): Control {
  return { name, type: 'enum', values, default: values[0] ?? '', description }
}
