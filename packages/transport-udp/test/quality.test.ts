import type { Controls } from '@streamer/core/plugin'
import { expect, it } from 'vitest'
import { QualityGuide } from '../src/v2/quality.js'

function standInControls(quality: number) {
  let current = quality
  const controls: Controls = {
    list: () => [],
    values: () => ({ quality: current }),
    async set(values) {
      current = values.quality as number
      return { quality: current }
    }
  }
  return { controls, quality: () => current, setBySomebody: (value: number) => (current = value) }
}

const narrow = [
  { rate: 20, needed: 10 },
  { rate: 5, needed: 10 }
]
const wide = [{ rate: 20, needed: 10 }]

it('the quality falls step by step while one client is short of rate, down to the least, and rises to what it was', async () => {
  const { controls, quality } = standInControls(80)
  const guide = new QualityGuide(45)
  const seen: number[] = []
  for (let look = 0; look < 12; look++) {
    await guide.look(controls, narrow)
    seen.push(quality())
  }
  expect(seen).toEqual([80, 70, 70, 60, 60, 50, 50, 45, 45, 45, 45, 45])
  for (let look = 0; look < 60; look++) await guide.look(controls, wide)
  expect(quality()).toBe(80)
})

it('a client that has enough, but not plenty, changes nothing', async () => {
  const { controls, quality } = standInControls(80)
  const guide = new QualityGuide(45)
  for (let look = 0; look < 20; look++) await guide.look(controls, [{ rate: 10, needed: 10 }])
  expect(quality()).toBe(80)
})

it('what somebody else has set is theirs', async () => {
  const { controls, quality, setBySomebody } = standInControls(80)
  const guide = new QualityGuide(20)
  for (let look = 0; look < 4; look++) await guide.look(controls, narrow)
  setBySomebody(55)
  for (let look = 0; look < 20; look++) await guide.look(controls, wide)
  expect(quality()).toBe(55)
})

it('it rises again when the last client has gone, and a stream without that control is left alone', async () => {
  const { controls, quality } = standInControls(80)
  const guide = new QualityGuide(45)
  for (let look = 0; look < 4; look++) await guide.look(controls, narrow)
  expect(quality()).toBe(60)
  for (let look = 0; look < 60; look++) await guide.look(controls, [])
  expect(quality()).toBe(80)
  await guide.look(undefined, narrow)
})
