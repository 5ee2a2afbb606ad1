import { pluginApiVersion, silentLogger } from '@streamer/core/plugin'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import plugin, { configSchema, FakeCamera } from '../src/index.js'

describe('the plugin', () => {
  it('is a source named fake that makes a FakeCamera', () => {
    expect(plugin).toMatchObject({ kind: 'source', name: 'fake', apiVersion: pluginApiVersion })
    const host = { version: '0', startedAtMs: 0, streams: new Map(), transports: () => [], disconnect: () => false }
    const context = { name: 'source', logger: silentLogger, host, baseDir: '/' }
    expect(plugin.create(configSchema.parse({ framerate: 5 }), context)).toBeInstanceOf(FakeCamera)
  })

  it('has defaults for all options', () => {
    expect(configSchema.parse({})).toEqual({
      width: 640,
      height: 480,
      framerate: 30,
      output: 'raw',
      quality: 80,
      pattern: 'bars',
      brightness: 0,
      faults: { failStarts: 0 }
    })
  })

  it('refuses values out of range and unknown keys', () => {
    for (const wrong of [
      { width: 15 },
      { width: 3841 },
      { height: 2161 },
      { framerate: 0 },
      { framerate: 241 },
      { output: 'png' },
      { quality: 0 },
      { pattern: 'stripes' },
      { faults: { stallAfter: -1 } },
      { faults: { explodeAfter: 1 } },
      { fps: 30 }
    ]) {
      expect(configSchema.safeParse(wrong).success).toBe(false)
    }
  })

  it('truncates JPEGs only', () => {
    const faults = { truncateAfter: 3 }
    expect(configSchema.safeParse({ output: 'jpeg', faults }).success).toBe(true)
    const { error } = configSchema.safeParse({ faults })
    expect(error?.issues).toMatchObject([{ path: ['faults', 'truncateAfter'] }])
  })

  it('describes every option', () => {
    const { properties = {} } = z.toJSONSchema(configSchema, { io: 'input' })
    const faults = properties.faults as { properties: Record<string, unknown> }
    for (const option of [...Object.values(properties), ...Object.values(faults.properties)]) {
      expect(option).toHaveProperty('description')
    }
  })
})
