import { fileURLToPath } from 'node:url'
import { sourceContract } from '@streamer/testkit'
import { describe, it } from 'vitest'
import plugin from '../src/index.js'

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const helper = (fault: string) => [process.execPath, file('stand-in-helper.mjs'), fault]
const rpicam = file('stand-in-rpicam-vid.mjs')

for (const output of ['jpeg', 'raw']) {
  describe(`behind a stand-in helper that gives ${output}`, () => {
    const options = { helper: helper('pictures'), backend: 'helper', output }
    sourceContract({ describe, it }, { plugin, options, impossible: { ...options, helper: helper('busy') } })
  })
}

describe('behind a stand-in rpicam-vid', () => {
  const options = { rpicam, backend: 'rpicam', width: 64, height: 48, framerate: 50 }
  sourceContract({ describe, it }, { plugin, options, impossible: { ...options, rpicam: '/nowhere/rpicam-vid' } })
})
