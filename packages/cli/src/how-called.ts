import { existsSync, realpathSync } from 'node:fs'
import { basename, join, relative } from 'node:path'

/** What to type in this folder to call this program again: `npx` finds it only where it is installed, and elsewhere might fetch a stranger's. */
export function howCalled(cwd = process.cwd(), script = process.argv[1] ?? 'streamer'): string {
  const local = join(cwd, 'node_modules', '.bin', 'streamer')
  if (existsSync(local) && realpathSync(local) === realpathSync(script)) return 'npx streamer'
  if (basename(script) === 'streamer') return 'streamer'
  const path = relative(cwd, script)
  return `node ${path.startsWith('..') ? script : path}`
}
