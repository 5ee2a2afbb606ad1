import { encoderContract } from '@streamer/testkit'
import { describe, it } from 'vitest'
import plugin from '../src/index.js'

encoderContract({ describe, it }, { plugin })
