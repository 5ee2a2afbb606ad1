/** Results for people. */
import { shortNumber } from './statistics.mjs'

/** Markdown: figure by figure the median, the spread over the rounds, and the target where there is one. */
export function printTable(results, print = console.log) {
  print('| work | figure | median | least to most | target |')
  print('|---|---|--:|--:|--:|')
  for (const { title, figures } of results.rows) {
    let work = title
    for (const { label, unit, median, least, most, values, target } of figures) {
      if (values.length === 0) continue
      const spread = values.length === 1 ? '' : `${shortNumber(least)} to ${shortNumber(most)}`
      print(`| ${work} | ${label} | ${shortNumber(median)} ${unit} | ${spread} | ${targetText(target, median)} |`)
      // The title once, and not on each line of its figures.
      work = ''
    }
  }
}

/** `≤ 1.5`, and whether that holds for a value, if there is one. */
export function targetText(target, value) {
  if (target === undefined) return ''
  const { limit, atLeast } = target
  const holds = value === undefined || (atLeast ? value >= limit : value <= limit)
  return `${atLeast ? '≥' : '≤'} ${shortNumber(limit)}${holds ? '' : ' (not met)'}`
}

/** One row for the table of machines in `docs/performance.md`. */
export function machineRow(results) {
  const of = (title, label) => {
    const figure = results.rows.find((row) => row.title.startsWith(title))?.figures.find((one) => one.label === label)
    return figure?.median === undefined ? '-' : shortNumber(figure.median)
  }
  const { machine } = results
  const cells = [
    `${machine.name}, ${machine.cores} cores, Linux ${machine.linux}, Node ${machine.node}`,
    of('HTTP MJPEG, VGA, 30 fps, 100', 'streamer'),
    of('HTTP MJPEG, VGA, 30 fps, 100', 'streamer / floor'),
    of('HTTP MJPEG, VGA, 30 fps, 100', 'streamer / ustreamer'),
    of('HTTP MJPEG, 1080p', 'streamer / floor'),
    of('HTTP, one client, VGA, 30 fps, the camera', 'streamer'),
    of('TCP', 'streamer / floor'),
    of('HTTP, VGA, as many', 'streamer'),
    of('UDP, VGA', 'streamer / floor-gso'),
    of('Resident memory', 'streamer'),
    of('Start', 'streamer')
  ]
  return `| ${cells.join(' | ')} |`
}
