import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { parseCameras } from '../src/rpicam/cameras.js'
import { RpicamControls, settleMs } from '../src/rpicam/controls.js'
import { SensorClock } from '../src/rpicam/sensor-clock.js'
import { type Settings, settingArguments } from '../src/rpicam/settings.js'

const record = (sensorUs: number, more = 'FrameDuration=10000\n') =>
  `ExposureTime=9000\nSensorTimestamp=${sensorUs}000\n${more}\n`

describe('the time of a frame by the metadata of rpicam-vid', () => {
  /** A clock that heard at 1000000 of the frame whose exposure began at 950000; there is one every 10000. */
  function heard(): SensorClock {
    const clock = new SensorClock(20_000)
    clock.push(record(950_000), 1_000_000)
    return clock
  }

  test('is not known before there are any', () => {
    expect(new SensorClock(10_000).exposureUs(1000, 2000)).toBeUndefined()
  })

  test('is in them when they come before the frame', () => {
    expect(heard().exposureUs(999_000, 1_000_100)).toBe(950_000)
  })

  test('goes on with the pace of the sensor when those of the frame before are the newest', () => {
    expect(heard().exposureUs(1_009_000, 1_009_900)).toBe(960_000)
    expect(heard().exposureUs(1_012_000, 1_013_000)).toBe(960_000)
  })

  test('takes frames into account that were lost between', () => {
    expect(heard().exposureUs(1_029_000, 1_030_300)).toBe(980_000)
  })

  test('is not guessed from what is long past', () => {
    expect(heard().exposureUs(1_040_000, 1_040_100)).toBe(990_000)
    expect(heard().exposureUs(1_050_000, 1_050_100)).toBeUndefined()
  })

  test('is by the newest of several records', () => {
    const clock = heard()
    clock.push(record(960_000) + record(970_000), 1_020_000)
    expect(clock.exposureUs(1_019_000, 1_020_100)).toBe(970_000)
  })

  test('is read however the records are cut', () => {
    for (const size of [1, 7, 40]) {
      const clock = new SensorClock(20_000)
      const text = record(940_000) + record(950_000) + record(960_000).slice(0, -1)
      for (let i = 0; i < text.length; i += size) clock.push(text.slice(i, i + size), 1_000_000)
      expect(clock.exposureUs(1_000_000, 1_000_000)).toBe(950_000)
    }
  })

  test('takes the configured pace where they do not tell the duration of a frame', () => {
    const clock = new SensorClock(20_000)
    clock.push(record(950_000, ''), 1_000_000)
    expect(clock.exposureUs(1_019_000, 1_020_000)).toBe(970_000)
  })

  test('is not believed when it is after the arrival, or more than 10 s before it', () => {
    const clock = new SensorClock(10_000)
    clock.push(record(20_000_001), 20_000_000)
    expect(clock.exposureUs(20_000_000, 20_000_000)).toBeUndefined()
    clock.push(record(10_000_000), 20_000_000)
    expect(clock.exposureUs(20_000_000, 20_000_000)).toBe(10_000_000)
    expect(clock.exposureUs(20_000_001, 20_000_001)).toBeUndefined()
  })

  test('survives what is no metadata, without keeping it', () => {
    const clock = heard()
    clock.push('SensorTimestamp=never\n\nSensorTimestamp=0\n\n\n\n', 1_000_000)
    for (let i = 0; i < 100; i++) clock.push('x'.repeat(10_000), 1_000_000)
    clock.push(`\n\n${record(960_000)}`, 1_010_000)
    expect(clock.exposureUs(1_009_000, 1_010_000)).toBe(960_000)
  })
})

describe('arguments of rpicam-vid for controls', () => {
  test('the lens is placed when it is focused by hand, and where a place is given', () => {
    expect(settingArguments({ lensPosition: 0 })).toEqual([])
    expect(settingArguments({ lensPosition: 2 })).toEqual(['--lens-position', '2'])
    expect(settingArguments({ lensPosition: 0, focusMode: 'manual' }).slice(2)).toEqual(['--lens-position', '0'])
  })

  test('gains of colours are given both or not at all', () => {
    expect(settingArguments({ redGain: 2, blueGain: 0 })).toEqual([])
    expect(settingArguments({ redGain: 2, blueGain: 1.5 })).toEqual(['--awbgains', '2,1.5'])
  })

  test('zoom cuts out the centre', () => {
    expect(settingArguments({ zoom: 3 })).toEqual(['--roi', '0.3333,0.3333,0.3333,0.3333'])
  })
})

describe('the list of cameras of rpicam-vid', () => {
  test('is read as older versions print it', () => {
    const text = `Available cameras
-----------------
0 : ov5647 [2592x1944] (/base/soc/i2c0mux/i2c@1/ov5647@36)
    Modes: 'SGBRG10_CSI2P' : 640x480 [58.92 fps - (16, 0)/2560x1920 crop]
                             2592x1944 [15.63 fps - (0, 0)/2592x1944 crop]
    Available controls for 2592x1944 SGBRG10_CSI2P mode:
1 : imx219 (/base/soc/i2c0mux/i2c@0/imx219@10)
    Modes: 'SRGGB8' : 640x480 1640x1232
2 : odd (one) ] (/base/odd@1)
`
    expect(parseCameras(text)).toEqual([
      {
        index: 0,
        id: '/base/soc/i2c0mux/i2c@1/ov5647@36',
        model: 'ov5647',
        modes: [
          { width: 640, height: 480 },
          { width: 2592, height: 1944 }
        ]
      },
      {
        index: 1,
        id: '/base/soc/i2c0mux/i2c@0/imx219@10',
        model: 'imx219',
        modes: [
          { width: 640, height: 480 },
          { width: 1640, height: 1232 }
        ]
      },
      { index: 2, id: '/base/odd@1', model: 'odd (one)', modes: [] }
    ])
  })

  test('is empty when there is none', () => {
    expect(parseCameras('No cameras available!\n')).toEqual([])
  })
})

describe('changes of controls of rpicam-vid', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('are gathered until none has come for a while', async () => {
    const applied: Settings[] = []
    const controls = new RpicamControls(30, {})
    controls.begin(async (settings) => void applied.push(settings))
    const first = controls.set({ contrast: 2 })
    await vi.advanceTimersByTimeAsync(settleMs - 1)
    const second = controls.set({ gain: 3 })
    await vi.advanceTimersByTimeAsync(settleMs - 1)
    expect(applied).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(applied).toMatchObject([{ contrast: 2, gain: 3 }])
    expect(await first).toEqual(await second)
  })

  test('that could not be brought into force are wanted still, by the next start', async () => {
    const controls = new RpicamControls(30, {})
    controls.begin(() => Promise.reject(new Error('no such luck')))
    const changed = controls.set({ contrast: 2 }).catch((error: Error) => error.message)
    await vi.advanceTimersByTimeAsync(settleMs)
    expect(await changed).toBe('no such luck')
    expect(controls.values()).toMatchObject({ contrast: 1 })
    controls.end()
    expect(controls.begin(async () => {})).toMatchObject({ contrast: 2 })
  })
})
