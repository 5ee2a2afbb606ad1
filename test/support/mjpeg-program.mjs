// A stand-in for a camera program: writes the JPEGs of a folder to its standard output, over and over, 50 a second.
// argv: folder, file to write our process id to. Ends by itself after five minutes, or when nobody reads.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [folder, pidFile] = process.argv.slice(2)
const pictures = readdirSync(folder)
  .filter((name) => name.endsWith('.jpg'))
  .sort()
  .map((name) => readFileSync(join(folder, name)))
writeFileSync(pidFile, String(process.pid))
process.stdout.on('error', () => process.exit(1))
let next = 0
const timer = setInterval(() => {
  if (process.stdout.writableLength > 0) return
  process.stdout.write(pictures[next++ % pictures.length])
}, 20)
setTimeout(() => {
  clearInterval(timer)
  process.exit(0)
}, 300_000).unref()
