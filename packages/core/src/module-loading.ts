import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** A module that has not been loaded by then waits for something that never comes; without this Node would end, without a word. */
const loadTimeoutMs = 20_000

/**
 * Imports a module of somebody else's.
 * @param url `file:` URL.
 * @returns what it exports.
 * @throws what it threw; an error that says so when it does not come to an end; for a syntax error, one with its place.
 */
export async function importForeign(url: string): Promise<{ readonly default?: unknown }> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`it did not finish loading within ${loadTimeoutMs / 1000} s`)),
      loadTimeoutMs
    )
  })
  try {
    return (await Promise.race([import(url), late])) as { default?: unknown }
  } catch (error) {
    const place = error instanceof SyntaxError ? await syntaxErrorPlace(url) : undefined
    throw place === undefined ? error : new SyntaxError(`${place}: ${(error as Error).message}`, { cause: error })
  } finally {
    clearTimeout(timer)
  }
}

/** `line 3, column 7` of the first syntax error of a file; an imported error does not have it, so Node is asked to check the file. */
async function syntaxErrorPlace(url: string): Promise<string | undefined> {
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, ['--check', fileURLToPath(url)], { timeout: loadTimeoutMs }, (_, __, stderr) =>
      resolve(stderr)
    )
  })
  const [first = '', , caret = ''] = output.split('\n')
  const line = /:(\d+)$/.exec(first)?.[1]
  if (line === undefined) return undefined
  return caret.includes('^') ? `line ${line}, column ${caret.indexOf('^') + 1}` : `line ${line}`
}
