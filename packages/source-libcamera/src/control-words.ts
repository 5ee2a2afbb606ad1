import type { Control } from '@streamer/core/plugin'
import type { OfferedControl } from './helper-events.js'

interface Words {
  readonly description: string
  readonly unit?: string
}

/** What each control does, for people. */
const words: Readonly<Record<string, Words>> = {
  framerate: { description: 'Frames per second.', unit: '1/s' },
  quality: { description: 'JPEG quality.' },
  width: { description: 'Width of the picture before it is turned; the camera is configured anew.', unit: 'px' },
  height: { description: 'Height of the picture before it is turned; the camera is configured anew.', unit: 'px' },
  rotation: { description: 'Turns the picture clockwise; the camera is configured anew.', unit: '°' },
  flipHorizontal: { description: 'Mirrors the picture, left to right; the camera is configured anew.' },
  flipVertical: { description: 'Mirrors the picture, top to bottom; the camera is configured anew.' },
  autoExposure: { description: 'The camera chooses the exposure time.' },
  exposureTimeUs: { description: 'Exposure time; setting it ends automatic exposure.', unit: 'µs' },
  autoGain: { description: 'The camera chooses the gain.' },
  gain: { description: 'Gain of the sensor; setting it ends automatic gain.' },
  exposureValue: { description: 'Makes automatic exposure brighter or darker.', unit: 'EV' },
  meteringMode: { description: 'Which part of the picture automatic exposure looks at.' },
  exposureMode: { description: 'Whether automatic exposure prefers short or long times.' },
  autoWhiteBalance: { description: 'The camera chooses the colour gains.' },
  awbMode: { description: 'Which light automatic white balance expects.' },
  redGain: { description: 'Gain of red; setting it ends automatic white balance.' },
  blueGain: { description: 'Gain of blue; setting it ends automatic white balance.' },
  brightness: { description: 'Brightness, 0 as it is.' },
  contrast: { description: 'Contrast, 1 as it is.' },
  saturation: { description: 'Saturation, 1 as it is, 0 grey.' },
  sharpness: { description: 'Sharpness, 1 as the tuning has it.' },
  noiseReduction: { description: 'How noise is reduced.' },
  hdr: { description: 'High dynamic range.' },
  focusMode: { description: 'Focus by hand, once now (auto), or all the time (continuous).' },
  focusRange: { description: 'How near autofocus looks.' },
  focusSpeed: { description: 'How fast autofocus moves the lens.' },
  lensPosition: { description: 'Focus by hand: 0 is infinity, 10 is 10 cm; setting it ends autofocus.', unit: 'dpt' },
  zoom: { description: 'Crops the picture: 2 shows half of its width.' },
  zoomX: { description: 'Where the crop lies: 0 left, 1 right.' },
  zoomY: { description: 'Where the crop lies: 0 top, 1 bottom.' },
  focusX: { description: 'Left edge of the part that autofocus looks at, as a share of the width.' },
  focusY: { description: 'Top edge of the part that autofocus looks at, as a share of the height.' },
  focusWidth: {
    description: 'Width of the part that autofocus looks at, as a share; 1 with focusHeight 1 is automatic.'
  },
  focusHeight: { description: 'Height of the part that autofocus looks at, as a share.' }
}

/** A control of the helper's with the words for people, or undefined when it is not described as one should be. */
export function describeControl(offered: OfferedControl): Control | undefined {
  const { name, type, minimum, maximum, values } = offered
  const named = { name, ...(words[name] ?? { description: name }) }
  const initial = offered.default
  if (type === 'boolean' && typeof initial === 'boolean') return { ...named, type, default: initial }
  if (type === 'enum' && Array.isArray(values) && typeof initial === 'string')
    return { ...named, type, values, default: initial }
  if (type !== 'integer' && type !== 'number') return undefined
  if (typeof minimum !== 'number' || typeof maximum !== 'number' || typeof initial !== 'number') return undefined
  return { ...named, type, minimum, maximum, default: initial }
}
