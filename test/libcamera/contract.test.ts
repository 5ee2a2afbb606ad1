import plugin from '@streamer/source-libcamera'
import { sourceContract } from '@streamer/testkit'
import { afterAll, describe, expect, it } from 'vitest'
import { helperPids } from './processes.ts'
import { helper } from './root.ts'

afterAll(() => expect(helperPids()).toEqual([]))

const impossible = { helper, backend: 'helper', camera: 'no camera has this name' }

for (const output of ['jpeg', 'raw']) {
  describe(`with the real libcamera, in ${output}`, () => {
    const options = { helper, backend: 'helper', output, width: 320, height: 240 }
    sourceContract({ describe, it }, { plugin, options, impossible })
  })
}
