import { sourceContract } from '@streamer/testkit'
import { describe, it } from 'vitest'
import plugin from '../src/index.js'

const options = { width: 64, height: 48, framerate: 50 }

describe('raw', () => sourceContract({ describe, it }, { plugin, options: { ...options, output: 'raw' } }))
describe('jpeg', () => sourceContract({ describe, it }, { plugin, options: { ...options, output: 'jpeg' } }))
