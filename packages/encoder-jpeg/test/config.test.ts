import { pluginApiVersion, silentLogger } from '@streamer/core/plugin'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import plugin, { configSchema, JpegEncoder } from '../src/index.js'

describe('the plugin', () => {
  it('is an encoder named jpeg that makes a JpegEncoder', () => {
    expect(plugin).toMatchObject({ kind: 'encoder', name: 'jpeg', apiVersion: pluginApiVersion })
    const host = { version: '0', startedAtMs: 0, streams: new Map(), transports: () => [], disconnect: () => false }
    const context = { name: 'encoder', logger: silentLogger, host, baseDir: '/' }
    const encoder = plugin.create({ quality: 50, subsampling: '420', maxInFlight: 1 }, context)
    expect(encoder).toBeInstanceOf(JpegEncoder)
    expect(encoder.controls?.values()).toEqual({ quality: 50 })
  })

  it('has defaults for all options and refuses values out of range', () => {
    expect(configSchema.parse({})).toEqual({ quality: 80, subsampling: '420', maxInFlight: 2 })
    for (const wrong of [
      { quality: 0 },
      { quality: 101 },
      { quality: 1.5 },
      { subsampling: '411' },
      { maxInFlight: 5 },
      { q: 1 }
    ]) {
      expect(configSchema.safeParse(wrong).success).toBe(false)
    }
  })

  it('describes every option', () => {
    const { properties } = z.toJSONSchema(configSchema, { io: 'input' })
    for (const option of Object.values(properties ?? {})) expect(option).toHaveProperty('description')
  })
})
