import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type LoadedConfig, type LoadedPart, type Logger, messageOf, TroubleLog } from '@streamer/core'
import { onStrayError } from './last-resort.js'

/**
 * Keeps the program up when a plugin throws outside of any call (in a timer, in an event, in a promise that nobody awaits): it is logged, with the
 * plugin's name where the stack tells it. What the plugin was doing is lost; the supervision of its part notices when frames stay away.
 */
export function containStrayErrors(loaded: LoadedConfig, logger: Logger): void {
  const parts = partsOf(loaded)
  const trouble = new TroubleLog(asErrors(logger))
  onStrayError((error) => {
    const culprit = culpritOf(stackOf(error), parts)
    const who = culprit ? `the ${culprit.kind} plugin "${culprit.use}"` : 'something'
    trouble.warn(`${who} threw outside of any call: ${messageOf(error)}; going on`)
    logger.debug('where it was thrown', { stack: stackOf(error) })
  })
}

/** Anything can be thrown, also what throws when it is looked at. */
function stackOf(error: unknown): string {
  try {
    return error instanceof Error ? String(error.stack) : ''
  } catch {
    return ''
  }
}

/** The plugin whose code is nearest to where an error was thrown. */
export function culpritOf(
  stack: string,
  parts: ReadonlyArray<Pick<LoadedPart, 'kind' | 'use' | 'url'>>
): { readonly kind: string; readonly use: string } | undefined {
  const places = parts.map((part) => ({ part, file: fileURLToPath(part.url) }))
  for (const frame of stack.split('\n').slice(1)) {
    const exact = places.find(({ file }) => frame.includes(file))
    const near = exact ?? places.find(({ file }) => frame.includes(`${dirname(file)}/`) && !frame.includes('node:'))
    if (near) return near.part
  }
  return undefined
}

export function partsOf(loaded: LoadedConfig): LoadedPart[] {
  const parts = loaded.streams.flatMap(({ source, encoder }) => [...(source?.auto?.candidates ?? [source]), encoder])
  return [...parts, ...(loaded.transports ?? [])].filter((part) => part !== undefined)
}

/** Repeated trouble is counted by `TroubleLog`, which warns; this is graver. */
function asErrors(logger: Logger): Logger {
  return {
    error: (message) => logger.error(message),
    warn: (message) => logger.error(message),
    info: (message) => logger.info(message),
    debug: (message) => logger.debug(message),
    child: (name) => logger.child(name)
  }
}
