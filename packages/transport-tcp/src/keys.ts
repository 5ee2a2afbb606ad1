import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { StreamerError } from '@streamer/core/plugin'
import { type Keys, readKeys as readAny } from '@streamer/protocol'
import type { TcpOptions } from './config.js'

export type { Keys } from '@streamer/protocol'

/** The variable that has the key where the configuration has none. */
export const keyVariable = 'STREAMER_TCP_KEY'

/**
 * Reads the keys of the configuration, the file that it names, or the environment.
 * @param part for messages. @param baseDir what a relative path refers to.
 * @throws StreamerError `ERR_CONFIG_INVALID`; its message has no key in it.
 */
export async function readKeys(
  { key, keyFile, keys }: Pick<TcpOptions, 'key' | 'keyFile' | 'keys'>,
  part: string,
  baseDir: string,
  environment: Readonly<Record<string, string | undefined>>
): Promise<Keys> {
  const path = keyFile === undefined ? undefined : resolve(baseDir, keyFile)
  try {
    return await readAny({ key, keyFile: path, keys }, keyVariable, environment, (file) => readFile(file, 'utf8'))
  } catch (error) {
    throw new StreamerError('ERR_CONFIG_INVALID', `${part}: ${(error as Error).message}`, { cause: error })
  }
}
