import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type HostView,
  type OptionsSchema,
  type Plugin,
  type PluginContext,
  type Stream,
  silentLogger
} from '@streamer/core/plugin'
import type { WrittenOptions } from '../fixtures.js'

type Issues = NonNullable<
  Extract<Awaited<ReturnType<OptionsSchema['~standard']['validate']>>, { issues: object }>['issues']
>

/** What a plugin's schema says of options: the validated ones, or what is wrong with them. */
export async function validated(
  plugin: Pick<Plugin, 'configSchema'>,
  options: WrittenOptions
): Promise<{ readonly value: unknown; readonly issues: Issues }> {
  const result = await plugin.configSchema['~standard'].validate(options)
  return result.issues ? { value: undefined, issues: result.issues } : { value: result.value, issues: [] }
}

/**
 * Validated options of a fixture.
 * @throws Error when the plugin refuses them.
 */
export async function fixtureOptions(plugin: Pick<Plugin, 'configSchema'>, options: WrittenOptions): Promise<unknown> {
  const { value, issues } = await validated(plugin, options)
  const [issue] = issues
  if (issue) throw new Error(`the fixture's options are refused: ${pathOf(issue)}: ${issue.message}`)
  return value
}

/** Where an issue is, as `faults.crashAfter`. */
export function pathOf({ path = [] }: Issues[number]): string {
  return path.map((step) => String(typeof step === 'object' ? step.key : step)).join('.')
}

/** What a plugin gets besides its options; nothing is logged. */
export function contextOf(
  name: string,
  baseDir: string,
  streams: ReadonlyMap<string, Stream> = new Map()
): PluginContext {
  const host: HostView = {
    version: '0.0.0',
    startedAtMs: Date.now(),
    streams,
    transports: () => [],
    disconnect: () => false
  }
  return { name, logger: silentLogger, host, baseDir }
}

/** An empty folder for as long as `body` takes. */
export async function inEmptyFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'streamer-contract-'))
  try {
    return await body(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
