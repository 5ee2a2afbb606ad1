/**
 * The targets beside what several runs have measured: `node bench/speed/targets.mjs RUN.json…`, each written by `node bench/speed.mjs --json RUN.json`. Prints the
 * table of `docs/performance.md`: the median of each run and, in brackets, the least and the most of its rounds.
 */
import { readFileSync } from 'node:fs'
import { shortNumber } from './statistics.mjs'
import { targetText } from './table.mjs'

const runs = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, 'utf8')))
if (runs.length === 0) {
  console.error('usage: node bench/speed/targets.mjs RUN.json…')
  process.exit(2)
}
const heads = runs.map(({ date }, index) => `run ${index + 1}, ${date.slice(0, 10)}`)
console.log(`| work | figure | target | ${heads.join(' | ')} |`)
console.log(`|---|---|--:|${runs.map(() => '--:').join('|')}|`)
for (const { title, figures } of runs[0].rows) {
  let work = title
  for (const { label, unit, target } of figures) {
    if (target === undefined) continue
    const cells = runs.map(({ rows }) => {
      const figure = rows
        .find((row) => row.title === title)
        ?.figures.find((one) => one.label === label && one.unit === unit)
      if (figure === undefined) return '-'
      const spread = figure.values.length > 1 ? ` (${shortNumber(figure.least)} to ${shortNumber(figure.most)})` : ''
      return `${shortNumber(figure.median)}${spread}`
    })
    console.log(`| ${[work, [label, unit].filter(Boolean).join(', '), targetText(target), ...cells].join(' | ')} |`)
    work = ''
  }
}
