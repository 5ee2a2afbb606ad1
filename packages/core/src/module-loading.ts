import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { messageOf } from './plugin/index.js'

/** A module that has not been loaded by then waits for something that never comes; without this Node would end, without a word. */
const loadTimeoutMs = 20_000

/** A module that is no JavaScript or TypeScript, with the place, which Node's own error does not have. */
export class ModuleSyntaxError extends SyntaxError {
  constructor(
    /** Absolute path: the module, or one that it imports. */
    readonly file: string,
    /** From 1, as `column`. */
    readonly line: number,
    readonly column: number,
    /** What is wrong, in one line. */
    readonly reason: string,
    options?: { cause?: unknown }
  ) {
    super(`line ${line}, column ${column}: ${reason}`, options)
  }
}

/**
 * Imports a module of somebody else's.
 * @param url `file:` URL.
 * @returns what it exports.
 * @throws what it threw; an error that says so when it does not come to an end; `ModuleSyntaxError`.
 */
export async function importForeign(url: string): Promise<{ readonly default?: unknown }> {
  try {
    return await inTime(import(url) as Promise<{ default?: unknown }>)
  } catch (error) {
    throw error instanceof SyntaxError ? await placed(error, fileURLToPath(url)) : error
  }
}

/**
 * Imports a TypeScript module of somebody else's. jiti reads it without a compiler and is loaded for this only.
 * @param path absolute.
 * @returns its default export.
 * @throws as `importForeign` does.
 */
export async function importTypeScript(path: string): Promise<unknown> {
  const { createJiti } = await import('jiti')
  try {
    return await inTime(createJiti(path, { interopDefault: true }).import(path, { default: true }))
  } catch (error) {
    // Babel, inside jiti, counts columns from 0.
    const [, reason, file, line, column] = /^ParseError: (.*?)\s*\n\s*(.+):(\d+):(\d+)$/s.exec(messageOf(error)) ?? []
    if (reason === undefined || file === undefined) throw error
    throw new ModuleSyntaxError(file, Number(line), Number(column) + 1, reason, { cause: error })
  }
}

async function inTime<Result>(loading: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`it did not finish loading within ${loadTimeoutMs / 1000} s`)),
      loadTimeoutMs
    )
  })
  try {
    return await Promise.race([loading, late])
  } finally {
    clearTimeout(timer)
  }
}

/** With the place of the first syntax error of `file`; an imported error does not have it, so Node is asked to check the file. */
async function placed(error: SyntaxError, file: string): Promise<SyntaxError> {
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, ['--check', file], { timeout: loadTimeoutMs }, (_, __, stderr) => resolve(stderr))
  })
  const [first = '', text = '', marks = ''] = output.split('\n')
  const line = /:(\d+)$/.exec(first)?.[1]
  // It is right by itself: the error is one of its imports.
  if (line === undefined) return error
  // Nothing is marked where the end came too early, which is behind the last character.
  const column = (marks.includes('^') ? marks.indexOf('^') : text.length) + 1
  return new ModuleSyntaxError(file, Number(line), column, error.message, { cause: error })
}
