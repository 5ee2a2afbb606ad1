import { sourceContract } from '@streamer/testkit'
import { describe, it } from 'vitest'
import plugin from '../src/index.js'

// With these options it gives several frames a second, for ever.
sourceContract({ describe, it }, { plugin, options: { width: 64, height: 48, framerate: 50 } })
