import type { CommandLine } from '../arguments.js'
import { colours } from '../colours.js'
import { originLabel, valuesInForce } from '../in-force.js'
import { aligned, print, shownValue } from '../listing.js'
import { load, settingsOf, warnOnStderr } from '../load.js'

/** `streamer config`: what is in force and where each value came from; passwords are left out where people read it. */
export async function config(line: CommandLine): Promise<number> {
  const settings = await settingsOf(line)
  warnOnStderr(settings.warnings)
  const loaded = await load(settings)
  warnOnStderr(loaded.warnings)
  const values = valuesInForce(loaded)
  if (line.switches.has('json')) {
    const { file, baseDir } = loaded
    print([JSON.stringify({ file: file?.path ?? null, baseDir, values }, undefined, 2)])
    return 0
  }
  const { dim } = colours(process.stdout)
  const rows = values.map(({ path, value, origin }) => [
    path,
    shownValue(path.split('.').at(-1) ?? path, value),
    originLabel(origin)
  ])
  const lines = aligned(rows).map((text, index) => {
    const origin = rows[index]?.[2] ?? ''
    return `${text.slice(0, text.length - origin.length)}${dim(origin)}`
  })
  print([`Configuration file: ${loaded.file?.shownPath ?? `none in ${loaded.baseDir}`}`, '', ...lines])
  return 0
}
