import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { StreamerError } from '@streamer/core/plugin'
import { parseKey } from '@streamer/protocol'
import type { UdpOptions } from './config.js'

/** The variable that has the key where the configuration has none. */
export const keyVariable = 'STREAMER_UDP_KEY'

/** Keys by name; that of clients that name none has the empty name. Empty when anybody is served. */
export type Keys = ReadonlyMap<string, Buffer>

/**
 * Reads the keys of the configuration, the file that it names, or the environment.
 * @param part for messages. @param baseDir what a relative path refers to.
 * @throws StreamerError `ERR_CONFIG_INVALID`; its message has no key in it.
 */
export async function readKeys(
  { key, keyFile, keys }: Pick<UdpOptions, 'key' | 'keyFile' | 'keys'>,
  part: string,
  baseDir: string,
  environment: Readonly<Record<string, string | undefined>>
): Promise<Keys> {
  const found = new Map<string, Buffer>()
  const add = (name: string, what: string, text: string): void => {
    try {
      found.set(name, parseKey(text))
    } catch (error) {
      throw new StreamerError('ERR_CONFIG_INVALID', `${part}: ${what}: ${(error as Error).message}`)
    }
  }
  for (const [name, text] of Object.entries(keys)) add(name, `keys.${name}`, text)
  if (key !== undefined) add('', 'key', key)
  else if (keyFile !== undefined) {
    const path = resolve(baseDir, keyFile)
    let text: string
    try {
      text = await readFile(path, 'utf8')
    } catch (error) {
      throw new StreamerError(
        'ERR_CONFIG_INVALID',
        `${part}: keyFile: cannot read ${path}: ${(error as Error).message}`,
        {
          cause: error
        }
      )
    }
    add('', `keyFile: ${path}`, text)
  } else if (environment[keyVariable] !== undefined && found.size === 0) add('', keyVariable, environment[keyVariable])
  return found
}
