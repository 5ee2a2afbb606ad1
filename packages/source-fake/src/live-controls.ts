import { type Control, type Controls, checkControls } from '@streamer/core/plugin'
import { type Pattern, patterns } from './config.js'

/** What can be changed while the camera runs. */
export interface LiveSettings {
  pattern: Pattern
  /** -1 to 1. */
  brightness: number
}

/** Controls that write into `settings`; what it holds now is their default. */
export function liveControls(settings: LiveSettings): Controls {
  const list: readonly Control[] = [
    {
      name: 'pattern',
      description: 'What is drawn behind the moving parts.',
      type: 'enum',
      values: patterns,
      default: settings.pattern
    },
    {
      name: 'brightness',
      description: 'Brightness of the pattern, 0 as it is.',
      type: 'number',
      minimum: -1,
      maximum: 1,
      default: settings.brightness
    }
  ]
  return {
    list: () => list,
    values: () => ({ ...settings }),
    async set(values) {
      checkControls('source-fake', list, values)
      Object.assign(settings, values)
      return { ...settings }
    }
  }
}
