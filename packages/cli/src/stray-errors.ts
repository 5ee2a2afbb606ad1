import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type LoadedConfig, type LoadedPart, type Logger, messageOf, type Streamer, TroubleLog } from '@streamer/core'
import { onStrayError } from './last-resort.js'

type Part = Pick<LoadedPart, 'kind' | 'use' | 'url'>

/**
 * Keeps the program up when a plugin throws outside of any call (in a timer, in an event, in a promise that nobody awaits): it is logged, with the
 * plugin's name where the stack tells it, and that plugin's parts are stopped and started again, for nobody knows in what state the error left them.
 */
export function containStrayErrors(loaded: LoadedConfig, streamer: Pick<Streamer, 'failPart'>, logger: Logger): void {
  const parts = partsOf(loaded)
  const trouble = new TroubleLog(asErrors(logger))
  onStrayError((error) => {
    const culprit = culpritOf(stackOf(error), parts)
    const who = culprit ? `the ${culprit.kind} plugin "${culprit.use}"` : 'something'
    const isFailed = culprit !== undefined && streamer.failPart(culprit, error).length > 0
    const next = isFailed ? 'starting it again' : 'going on'
    trouble.warn(`${who} threw outside of any call: ${messageOf(error)}; ${next}`)
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

/**
 * The plugin whose code is nearest to where an error was thrown. Of plugins in folders within each other it is the inner one's, and what a folder has in its
 * `node_modules` is not its own: there are the other plugins, too.
 */
export function culpritOf<Candidate extends Part>(stack: string, parts: readonly Candidate[]): Candidate | undefined {
  const places = parts.map((part) => ({ part, file: fileURLToPath(part.url) }))
  const byDepth = places.toSorted((one, other) => dirname(other.file).length - dirname(one.file).length)
  for (const frame of stack.split('\n').slice(1)) {
    const exact = places.find(({ file }) => frame.includes(file))
    const near = exact ?? byDepth.find(({ file }) => isInFolder(frame, `${dirname(file)}/`))
    if (near) return near.part
  }
  return undefined
}

function isInFolder(frame: string, folder: string): boolean {
  const at = frame.indexOf(folder)
  return at >= 0 && !frame.includes('node:') && !frame.slice(at + folder.length).includes('node_modules/')
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
