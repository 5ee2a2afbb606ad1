import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

/** One row of the table of `bench/loss.mjs`. */
interface Row {
  readonly sent: number
  /** Of those that were sent. */
  readonly whole: number
  /** Bytes beyond the JPEGs with the headers of IP and UDP, in proportion to these. */
  readonly extra: number
}

/** The benchmark at a reduced size: rows by condition and version. */
async function measure(): Promise<ReadonlyMap<string, Row>> {
  const bench = fileURLToPath(new URL('../../bench/loss.mjs', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [bench, '--quick', '--seconds', '6'])
  console.log(stdout)
  const rows = stdout.split('\n').filter((line) => / of \d+ \|/.test(line))
  return new Map(
    rows.map((line) => {
      const [, condition, version, count, wholePercent, extraPercent] = line.split('|').map((cell) => cell.trim())
      const [sent, made] = count!.split(' of ').map(Number) as [number, number]
      const whole = (Number(wholePercent) / 100) * made
      return [`${condition}, version ${version}`, { sent, whole: whole / sent, extra: Number(extraPercent) / 100 }]
    })
  )
}

/** At first nothing is known of the losses and there is no parity, and the welcome itself may be lost: without the frames of half a second. */
const afterStart = ({ sent, whole }: Row) => (whole * sent) / (sent - 15)

it('version 2 brings frames where version 1 loses them, and takes no more than is written', async () => {
  const rows = await measure()
  const of = (name: string, version: 1 | 2) => rows.get(`${name}, version ${version}`)!
  // Of what was sent: how much that is, is a matter of the machine.
  expect(of('nothing lost', 2).whole).toBeGreaterThan(0.99)
  expect(of('nothing lost', 2).extra).toBeLessThan(0.055)
  expect(of('2 % lost', 1).whole).toBeLessThan(0.75)
  expect(afterStart(of('2 % lost', 2))).toBeGreaterThan(0.98)
  expect(of('2 % lost', 2).extra).toBeLessThan(0.25)
  expect(of('10 % lost', 1).whole).toBeLessThan(0.25)
  expect(afterStart(of('10 % lost', 2))).toBeGreaterThan(0.98)
  expect(of('10 % lost', 2).extra).toBeLessThan(0.52)
  expect(of('6 Mbit/s, queue 100 ms', 2).whole).toBeGreaterThan(0.85)
  expect(of('6 Mbit/s, queue 100 ms', 1).whole).toBeLessThan(0.5)
})
