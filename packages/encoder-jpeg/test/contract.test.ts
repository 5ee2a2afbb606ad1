import { encoderContract } from '@streamer/testkit'
import { describe, it } from 'vitest'
import plugin from '../src/index.js'

encoderContract({ describe, it }, { plugin, options: { quality: 80, subsampling: '444', maxInFlight: 4 } })
