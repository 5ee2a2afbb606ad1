import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { messageOf, type PluginKind } from '@streamer/core'
import { UsageError } from '../usage-error.js'
import { buildConfig, manifestOf, typeScriptConfig } from './manifest.js'
import { classNameOf } from './plugin-name.js'

const templates = fileURLToPath(new URL('../../templates/', import.meta.url))

/** Where each template goes. They are not called as they will be, because packages may hold neither tests nor a .gitignore. */
const places: Readonly<Record<PluginKind, Readonly<Record<string, string>>>> = {
  transport: commonPlaces('transport'),
  source: commonPlaces('source'),
  encoder: { ...commonPlaces('encoder'), 'encoder/worker.js': 'src/worker.js' }
}

function commonPlaces(kind: PluginKind): Record<string, string> {
  return {
    [`${kind}/index.ts`]: 'src/index.ts',
    [`${kind}/contract.ts`]: 'test/contract.test.ts',
    [`${kind}/server.ts`]: 'test/server.test.ts',
    [`${kind}/readme.md`]: 'README.md',
    [`${kind}/streamerrc.yaml`]: '.streamerrc',
    gitignore: '.gitignore'
  }
}

/**
 * The files of a new plugin, by their paths in its folder.
 * @param version of Streamer.
 */
export function pluginFiles(kind: PluginKind, name: string, version: string): ReadonlyMap<string, string> {
  const named = (text: string) => text.replaceAll('plugin-name', name).replaceAll('PluginName', classNameOf(name))
  const written = Object.entries(places[kind]).map(([template, place]): [string, string] => [
    place,
    named(readFileSync(join(templates, template), 'utf8'))
  ])
  return new Map([
    ['package.json', json(manifestOf(kind, name, version))],
    ['tsconfig.json', json(typeScriptConfig(kind))],
    ['tsconfig.build.json', json(buildConfig)],
    ...written
  ])
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

/**
 * Writes files into a folder, which is made when it is not there.
 * @param folder absolute.
 * @param shown how it is called in messages.
 * @throws UsageError when it cannot be written to; or, without `force`, when there is something in it.
 */
export function writeFiles(folder: string, files: ReadonlyMap<string, string>, shown: string, force: boolean): void {
  try {
    if (existsSync(folder) && !statSync(folder).isDirectory())
      throw new UsageError(`${shown} is there already, and is no folder; --folder writes it somewhere else`)
    if (existsSync(folder) && readdirSync(folder).length > 0 && !force)
      throw new UsageError(
        `${shown} is there already, and not empty; --folder writes it somewhere else, --force into it`
      )
    for (const [path, text] of files) {
      const place = join(folder, path)
      mkdirSync(dirname(place), { recursive: true })
      writeFileSync(place, text)
    }
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(`cannot write ${shown}: ${messageOf(error)}`)
  }
}
