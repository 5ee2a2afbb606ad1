// Writes what is made from the interfaces that others use: reports to review, the reference and the page of error codes. `tsc` has to run before.
// With `--check` nothing is written, and the exit code tells whether all of it is current.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { doors } from './api/doors.mjs'
import { errorsPage } from './api/errors.mjs'
import { extract } from './api/extract.mjs'
import { referenceOf } from './api/reference.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const checks = process.argv.includes('--check')

const { errorCodes } = await import('../packages/core/dist/plugin/index.js')
const made = new Map([['docs/errors.md', errorsPage(errorCodes)]])
const problems = new Set()
const known = new Map()
for (const door of doors) {
  const extracted = extract(root, door)
  const { page, problems: uncommented } = referenceOf(root, door, extracted, known)
  made.set(door.report, extracted.report).set(door.page, page)
  for (const problem of [...extracted.problems, ...uncommented]) problems.add(problem)
}

for (const [file, text] of made) {
  const path = join(root, file)
  if (existsSync(path) && readFileSync(path, 'utf8') === text) continue
  if (checks) {
    problems.add(
      `${file} is not current: run \`npm run api\`${file.startsWith('api/') ? ' and review the difference' : ''}`
    )
    continue
  }
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  console.log(`wrote ${file}`)
}
for (const problem of problems) console.error(problem)
process.exitCode = problems.size > 0 ? 1 : 0
