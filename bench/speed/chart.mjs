/**
 * Draws a chart of a run: `node bench/speed/chart.mjs RESULTS.json > chart.svg`. Two groups of bars, CPU time per delivered frame over HTTP and datagrams per second
 * of CPU; colours for a light and a dark page. Plain SVG, without a script or a font of its own.
 */
import { readFileSync } from 'node:fs'
import { shortNumber } from './statistics.mjs'

const [file] = process.argv.slice(2)
if (!file) {
  console.error('usage: node bench/speed/chart.mjs RESULTS.json > chart.svg')
  process.exit(2)
}
const { rows, machine, settings, date } = JSON.parse(readFileSync(file, 'utf8'))

/** What stands for whom. */
const names = {
  floor: 'C floor',
  'floor-gso': 'C floor, UDP_SEGMENT',
  python: 'Python, sendto',
  node: 'bare Node',
  streamer: 'Streamer',
  'streamer-v2': 'Streamer, version 2',
  'streamer-plain': 'Streamer without koffi',
  ustreamer: 'ustreamer'
}
const charts = [
  { unit: 'µs CPU per frame', title: 'Microseconds of CPU per delivered frame: less is better' },
  { unit: 'datagrams per core-second', title: 'Datagrams per second of CPU: more is better' }
]
const layout = { width: 760, left: 200, right: 90, bar: 18, gap: 4, title: 34, group: 26 }

const parts = []
let top = 10
for (const { unit, title } of charts) {
  const groups = rows
    .map((row) => ({ title: row.title, bars: row.figures.filter((figure) => figure.unit === unit) }))
    .filter(({ bars }) => bars.length > 0)
  if (groups.length > 0) drawChart(title, groups)
}
const caption = `${machine.name}, ${machine.cores} cores, Linux ${machine.linux}, Node ${machine.node}; medians of ${settings.rounds} rounds, lines from least to most; ${date.slice(0, 10)}`
text(0, top + 22, caption, 'note')
top += 36
process.stdout.write(`${document(parts.join('\n'), top)}\n`)

function drawChart(title, groups) {
  text(0, top + 20, title, 'title')
  top += layout.title
  for (const group of groups) {
    // Only servers of one group are compared.
    const scale = (layout.width - layout.left - layout.right) / Math.max(...group.bars.map(({ most }) => most))
    text(0, top + 16, group.title, 'group')
    top += layout.group
    for (const { label, median, least, most } of group.bars) {
      const middle = top + layout.bar / 2
      const isOurs = label.startsWith('streamer')
      text(layout.left - 8, middle + 4, names[label] ?? label, 'name')
      parts.push(
        `<rect class="${isOurs ? 'ours' : 'other'}" x="${layout.left}" y="${top}" width="${round(median * scale)}" height="${layout.bar}" rx="2"/>`,
        `<path class="spread" d="M${round(layout.left + least * scale)} ${middle}H${round(layout.left + most * scale)}"/>`
      )
      text(layout.left + Math.max(median, most) * scale + 6, middle + 4, shortNumber(median), 'value')
      top += layout.bar + layout.gap
    }
    top += 6
  }
}

function text(x, y, content, kind) {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  parts.push(`<text class="${kind}" x="${round(x)}" y="${round(y)}">${escaped}</text>`)
}

function round(value) {
  return Number(value.toFixed(1))
}

function document(content, height) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-10 0 ${layout.width + 20} ${Math.ceil(height)}" role="img" aria-label="Results of the benchmark of speed">
<style>
svg { background: #ffffff; }
text { font: 13px system-ui, sans-serif; fill: #24292f; }
.title { font-weight: 600; font-size: 15px; }
.group { font-weight: 600; }
.name { text-anchor: end; }
.note { font-size: 11px; fill: #57606a; }
.ours { fill: #1f6feb; }
.other { fill: #afb8c1; }
.spread { stroke: #24292f; stroke-width: 1.5; }
@media (prefers-color-scheme: dark) {
svg { background: #0d1117; }
text { fill: #e6edf3; }
.note { fill: #8d96a0; }
.ours { fill: #4493f8; }
.other { fill: #57606a; }
.spread { stroke: #e6edf3; }
}
</style>
${content}
</svg>`
}
