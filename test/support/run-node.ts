import { spawn } from 'node:child_process'
import { once } from 'node:events'

/**
 * Runs Node to its end, without what a test runner has put into the environment.
 * @param args a script and its arguments, or options of Node's.
 * @returns what it printed. @throws Error with that when it does not end well.
 */
export async function runNode(args: readonly string[], cwd: string): Promise<string> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_OPTIONS)/.test(name)))
  // What `node --test` tells the programs that it runs.
  delete env.NODE_TEST_CONTEXT
  const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${code}:\n${output}`)
  return output
}
