import { parseKey } from './keys.js'

/** Keys by name; that of clients that name none has the empty name. Empty when anybody is served. */
export type Keys = ReadonlyMap<string, Buffer>

/** Where a server's keys come from. */
export interface KeyOptions {
  readonly key?: string | undefined
  /** A file that holds the key. */
  readonly keyFile?: string | undefined
  /** Keys of single clients by the names that these say. */
  readonly keys: Readonly<Record<string, string>>
}

/**
 * Reads the keys of the configuration, the file that it names, or the environment.
 * @param variable is looked at where the configuration has no key at all. @param readText reads a file.
 * @throws Error when a key cannot be used; its message says which one, and has no key in it.
 */
export async function readKeys(
  { key, keyFile, keys }: KeyOptions,
  variable: string,
  environment: Readonly<Record<string, string | undefined>>,
  readText: (path: string) => Promise<string>
): Promise<Keys> {
  const found = new Map<string, Buffer>()
  const add = (name: string, what: string, text: string): void => {
    try {
      found.set(name, parseKey(text))
    } catch (error) {
      throw new Error(`${what}: ${(error as Error).message}`)
    }
  }
  for (const [name, text] of Object.entries(keys)) add(name, `keys.${name}`, text)
  if (key !== undefined) add('', 'key', key)
  else if (keyFile !== undefined) {
    let text: string
    try {
      text = await readText(keyFile)
    } catch (error) {
      throw new Error(`keyFile: cannot read ${keyFile}: ${(error as Error).message}`, { cause: error })
    }
    add('', `keyFile: ${keyFile}`, text)
  } else if (environment[variable] !== undefined && found.size === 0) add('', variable, environment[variable])
  return found
}
