import { readFileSync, statSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { cosmiconfig } from 'cosmiconfig'
import { type Document, isMap, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { importForeign } from '../module-loading.js'
import { StreamerError } from '../plugin/index.js'
import type { Origin, Path } from './problems.js'

/** A configuration file that was found and read. */
export interface ConfigFile {
  /** Absolute. */
  readonly path: string
  /** As it is shown: relative to the working directory where that is shorter. */
  readonly shownPath: string
  readonly value: unknown
  /** Where the value at `path`, or the nearest thing around it, stands. */
  locate(path: Path): Origin
}

/** Where a file is looked for, in this order, in the working directory. */
export const searchPlaces: readonly string[] = [
  '.streamerrc',
  '.streamerrc.json',
  '.streamerrc.yaml',
  '.streamerrc.yml',
  '.streamerrc.js',
  '.streamerrc.mjs',
  '.streamerrc.cjs',
  '.streamerrc.ts',
  'streamer.config.json',
  'streamer.config.yaml',
  'streamer.config.yml',
  'streamer.config.js',
  'streamer.config.mjs',
  'streamer.config.cjs',
  'streamer.config.ts',
  'package.json'
]

/**
 * Finds and reads the configuration file.
 * @param cwd absolute path of the folder to look in.
 * @param file a file to read instead of looking, relative to `cwd`.
 * @returns undefined when no file was named and none is there.
 * @throws StreamerError `ERR_CONFIG_NOT_FOUND`, or `ERR_CONFIG_PARSE` with line and column.
 */
export async function readConfigFile(cwd: string, file?: string): Promise<ConfigFile | undefined> {
  const positions = new Map<string, Positions>()
  const data = (path: string, text: string): unknown => {
    const parsed = new Positions(shown(cwd, path), text)
    positions.set(path, parsed)
    return parsed.value
  }
  const explorer = cosmiconfig('streamer', {
    searchPlaces: [...searchPlaces],
    cache: false,
    loaders: {
      noExt: data,
      '.json': data,
      '.yaml': data,
      '.yml': data,
      '.js': loadModule,
      '.mjs': loadModule,
      '.cjs': loadModule,
      '.ts': loadTypeScript
    }
  })
  const path = file === undefined ? undefined : resolve(cwd, file)
  if (path !== undefined) mustBeReadable(path, shown(cwd, path))
  try {
    const found = path === undefined ? await explorer.search(cwd) : await explorer.load(path)
    if (!found) return undefined
    const shownPath = shown(cwd, found.filepath)
    const value: unknown = found.isEmpty ? {} : found.config
    const located = positions.get(found.filepath)
    const root: Path = found.filepath.endsWith('package.json') ? ['streamer'] : []
    return {
      path: found.filepath,
      shownPath,
      value: value ?? {},
      locate: (at) => ({ kind: 'file', file: shownPath, ...located?.locate([...root, ...at]) })
    }
  } catch (error) {
    if (error instanceof StreamerError) throw error
    const where = (error as { filepath?: string }).filepath ?? path ?? ''
    const message = error instanceof Error ? error.message : String(error)
    throw new StreamerError('ERR_CONFIG_PARSE', `${shown(cwd, where)}: ${message}`, { cause: error })
  }
}

/** The folder that relative paths in the configuration refer to. */
export function baseDirOf(file: ConfigFile | undefined, cwd: string): string {
  return file ? dirname(file.path) : cwd
}

/** cosmiconfig's own loader tries `require` when `import` fails, so that a file that throws runs twice and its error is lost. */
async function loadModule(path: string): Promise<unknown> {
  return (await importForeign(pathToFileURL(path).href)).default
}

/** jiti reads TypeScript without a compiler; it is loaded for `.ts` files only. */
async function loadTypeScript(path: string): Promise<unknown> {
  const { createJiti } = await import('jiti')
  return createJiti(path, { interopDefault: true }).import(path, { default: true })
}

/** A YAML (or JSON, which is YAML too) text with the place of each value. */
class Positions {
  readonly value: unknown
  readonly #document: Document.Parsed
  readonly #lines = new LineCounter()

  constructor(shownPath: string, text: string) {
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false })
    const [error] = this.#document.errors
    if (error) {
      const { line, col } = this.#lines.linePos(error.pos[0])
      throw new StreamerError('ERR_CONFIG_PARSE', `${shownPath}:${line}:${col}: ${error.message}`, { cause: error })
    }
    this.value = this.#document.toJS() as unknown
  }

  locate(path: Path): { line?: number; column?: number } {
    let node = this.#document.contents as Node | null
    let offset = node?.range?.[0]
    for (const key of path) {
      if (isMap(node)) {
        const pair = node.items.find((item) => String((item.key as { value?: unknown } | null)?.value) === String(key))
        if (!pair) break
        offset = (pair.key as Node).range?.[0] ?? offset
        node = pair.value as Node | null
      } else if (isSeq(node)) {
        node = (node.items[Number(key)] as Node | undefined) ?? null
        offset = node?.range?.[0] ?? offset
      } else break
    }
    if (offset === undefined) return {}
    const { line, col } = this.#lines.linePos(offset)
    return { line, column: col }
  }
}

function mustBeReadable(path: string, shownPath: string): void {
  try {
    if (statSync(path).isFile()) {
      readFileSync(path)
      return
    }
  } catch (error) {
    const reason = (error as { code?: string }).code === 'ENOENT' ? 'there is no such file' : (error as Error).message
    throw new StreamerError('ERR_CONFIG_NOT_FOUND', `${shownPath}: ${reason}`, { cause: error })
  }
  throw new StreamerError('ERR_CONFIG_NOT_FOUND', `${shownPath}: it is not a file`)
}

function shown(cwd: string, path: string): string {
  const short = relative(cwd, path)
  return short !== '' && !short.startsWith('..') ? short : path
}
