import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Compiles what is run as a program of its own, on whatever Node there is. */
export default async function setup(): Promise<void> {
  const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))
  const compiler = path('../../node_modules/typescript/bin/tsc')
  for (const project of ['../..', '../support/network']) await run(process.execPath, [compiler, '-b', path(project)])
}
