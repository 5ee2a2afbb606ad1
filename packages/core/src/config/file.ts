import { createRequire } from 'node:module'
import { basename, dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Options, PublicExplorer } from 'cosmiconfig'
import { importForeign, importTypeScript, ModuleSyntaxError } from '../module-loading.js'
import { messageOf, StreamerError } from '../plugin/index.js'
import { Positions } from './positions.js'
import type { Origin, Path } from './problems.js'
import { mustBeReadable, presentPlaces, searchPlaces, shown } from './search.js'

export { searchPlaces } from './search.js'

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

/** The key of a `package.json` that is ours. */
const packageKey = 'streamer'

/** What a file has in it. Not the bare value, in which cosmiconfig would look for `$import` and put other files in its place. */
interface Contents {
  readonly value: unknown
  locate?(path: Path): { line?: number; column?: number }
}

/**
 * What cosmiconfig's own function makes. That function looks in the working folder for options of its own first: it reads `package.json` and
 * `.config/config.*`, runs the JavaScript there and throws when one of them is broken, whatever file is asked for, and has no switch for it.
 */
const { Explorer } = createRequire(import.meta.url)('cosmiconfig/dist/Explorer.js') as {
  Explorer: new (options: Options & { moduleName: string }) => Pick<PublicExplorer, 'load'>
}

/**
 * Finds and reads the configuration file.
 * @param cwd absolute path of the folder to look in.
 * @param file a file to read instead of looking, relative to `cwd`.
 * @returns undefined when no file was named and none is there.
 * @throws StreamerError `ERR_CONFIG_NOT_FOUND` when the file cannot be read, or `ERR_CONFIG_PARSE` with line and column.
 */
export async function readConfigFile(cwd: string, file?: string): Promise<ConfigFile | undefined> {
  if (file !== undefined) {
    const path = resolve(cwd, file)
    const read = await readIfOurs(cwd, path)
    if (read) return read
    throw new StreamerError('ERR_CONFIG_NOT_FOUND', `${shown(cwd, path)}: it has no key "${packageKey}"`)
  }
  for (const path of presentPlaces(cwd)) {
    const read = await readIfOurs(cwd, path)
    if (read) return read
  }
  return undefined
}

/** The folder that relative paths in the configuration refer to. */
export function baseDirOf(file: ConfigFile | undefined, cwd: string): string {
  return file ? dirname(file.path) : cwd
}

/** Undefined for a `package.json` of something else. */
async function readIfOurs(cwd: string, path: string): Promise<ConfigFile | undefined> {
  mustBeReadable(cwd, path)
  const shownPath = shown(cwd, path)
  const contents = await contentsOf(cwd, path)
  const root: Path = basename(path) === 'package.json' ? [packageKey] : []
  let value = contents?.value
  if (root.length > 0) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, packageKey)) return undefined
    value = (value as Record<string, unknown>)[packageKey]
  }
  return {
    path,
    shownPath,
    value: value ?? {},
    locate: (at) => ({ kind: 'file', file: shownPath, ...contents?.locate?.([...root, ...at]) })
  }
}

/** Undefined when the file is empty. */
async function contentsOf(cwd: string, path: string): Promise<Contents | undefined> {
  const data = (file: string, text: string): Contents => new Positions(shown(cwd, file), text)
  const explorer = new Explorer({
    moduleName: 'streamer',
    // The whole file: `readIfOurs` takes the key of a `package.json` itself, because `Contents` has it inside.
    packageProp: [],
    searchPlaces: [...searchPlaces],
    searchStrategy: 'none',
    ignoreEmptySearchPlaces: false,
    cache: false,
    mergeImportArrays: false,
    mergeSearchPlaces: false,
    transform: (result) => result,
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
  try {
    return (await explorer.load(path))?.config as Contents | undefined
  } catch (error) {
    if (error instanceof StreamerError) throw error
    const text =
      error instanceof ModuleSyntaxError
        ? `${shown(cwd, error.file)}:${error.line}:${error.column}: ${error.reason}`
        : `${shown(cwd, path)}: ${messageOf(error)}`
    // Each line of a message is taken for a problem of its own.
    throw new StreamerError('ERR_CONFIG_PARSE', text.replace(/\s*\n\s*/g, ' '), { cause: error })
  }
}

/** cosmiconfig's own loader tries `require` when `import` fails, so that a file that throws runs twice and its error is lost. */
async function loadModule(path: string): Promise<Contents> {
  return { value: (await importForeign(pathToFileURL(path).href)).default }
}

async function loadTypeScript(path: string): Promise<Contents> {
  return { value: await importTypeScript(path) }
}
