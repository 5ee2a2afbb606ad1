import { lstatSync, readFileSync, statSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { StreamerError } from '../plugin/index.js'

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
 * The paths of the search places that are there, in their order.
 * @param cwd absolute path.
 * @throws StreamerError `ERR_CONFIG_NOT_FOUND` when it cannot be told whether one is there, as in a folder of somebody else's.
 */
export function* presentPlaces(cwd: string): Generator<string> {
  for (const place of searchPlaces) {
    const path = resolve(cwd, place)
    try {
      lstatSync(path)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') continue
      throw unreadable(cwd, path, error)
    }
    yield path
  }
}

/** @throws StreamerError `ERR_CONFIG_NOT_FOUND` that tells why the file at `path` cannot be read. */
export function mustBeReadable(cwd: string, path: string): void {
  try {
    if (statSync(path).isFile()) {
      readFileSync(path)
      return
    }
  } catch (error) {
    throw unreadable(cwd, path, error)
  }
  throw new StreamerError('ERR_CONFIG_NOT_FOUND', `${shown(cwd, path)}: it is not a file`)
}

/** A path as it is shown: relative to `cwd` when it is in there. */
export function shown(cwd: string, path: string): string {
  const short = relative(cwd, path)
  return short !== '' && !short.startsWith('..') ? short : path
}

function unreadable(cwd: string, path: string, cause: unknown): StreamerError {
  return new StreamerError('ERR_CONFIG_NOT_FOUND', `${shown(cwd, path)}: ${reasonOf(path, cause)}`, { cause })
}

function reasonOf(path: string, error: unknown): string {
  switch (codeOf(error)) {
    case 'ENOENT':
      return lstatSync(path, { throwIfNoEntry: false })
        ? 'it is a link to a file that is not there'
        : 'there is no such file'
    case 'EACCES':
      return 'this user may not read it'
    default:
      return (error as Error).message
  }
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code
}
