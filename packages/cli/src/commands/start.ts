import { resolve } from 'node:path'
import { compose, type LoadedConfig, readConfigFile, type Streamer } from '@streamer/core'
import { announcementOf, plainLines, terminalLines } from '../announce.js'
import { type CommandLine, ownVersion } from '../arguments.js'
import { colours, hasColours } from '../colours.js'
import { type Ending, isPoolBlocked } from '../ending.js'
import { describeFailure } from '../failures.js'
import { load, settingsOf, warnOnStderr } from '../load.js'
import { defaultLogFormat, openLog } from '../log.js'
import { Screen } from '../screen.js'
import type { CommandSettings } from '../settings.js'
import { stopSignal } from '../signals.js'
import { statusText, takeSnapshot } from '../status-line.js'
import { containStrayErrors } from '../stray-errors.js'
import { writeWithoutWaiting } from '../terminal.js'

/** The core gives each part 1.5 s to stop; what is left then is ended with the process. */
const stopLimitMs = 1800

/**
 * `streamer start`: serves until a signal comes.
 * @param nothingToStop called when there is something to stop: ends the handling of signals by `exitOnSignal`.
 */
export async function start(line: CommandLine, nothingToStop: () => void): Promise<Ending> {
  const { warnings, ...asked } = await settingsOf(line)
  const loaded = await loadOrWarn(await withMethod(asked), warnings)
  const inTerminal = process.stdout.isTTY === true && (loaded.log.format ?? defaultLogFormat) === 'pretty'
  writeWithoutWaiting(process.stdout)
  writeWithoutWaiting(process.stderr)
  const paint = colours(process.stdout)
  const screen = new Screen(process.stdout, paint.dim)
  const log = await openLog(loaded, (text) => screen.write(text), {
    terminal: inTerminal,
    coloured: hasColours(process.stdout)
  })
  screen.onLeftOut((lines) => log.logger.warn(`nobody read the output for a while: ${lines} lines of it were left out`))
  for (const warning of [...warnings, ...loaded.warnings]) log.logger.warn(warning)
  const signal = stopSignal(() => screen.close(), nothingToStop)
  try {
    const streamer = await compose(loaded, { logger: log.logger })
    containStrayErrors(loaded, streamer, log.logger)
    const starting = streamer.start()
    starting.catch(() => {})
    // A signal ends a start that hangs, too.
    let received = await Promise.race([starting.then(() => undefined), signal.received])
    if (received === undefined) {
      const announcement = announcementOf(loaded, streamer.transports())
      if (inTerminal) screen.write(`${terminalLines(ownVersion(), announcement, paint).join('\n')}\n`)
      else for (const text of plainLines(ownVersion(), announcement)) log.logger.info(text)
      const endStatus = inTerminal ? showStatus(streamer, screen) : () => {}
      received = await signal.received
      endStatus()
    }
    log.logger.info(`stopping (${received})`)
    const exitCode = (await stopInTime(streamer)) ? 0 : 1
    if (!(await isPoolBlocked())) return { exitCode }
    log.logger.warn(`a name lookup or an access to a file does not come back; ending by ${received} without it`)
    return { exitCode, killedBy: received }
  } catch (error) {
    log.fatal(describeFailure(error).lines.join('\n'))
    throw error
  } finally {
    screen.close()
    log.close()
    signal.release()
  }
}

/** A variable with a wrong name may be why the configuration is not as it should be, so that is told with what is wrong. */
async function loadOrWarn(asked: CommandSettings, warnings: readonly string[]): Promise<LoadedConfig> {
  try {
    return await load(asked)
  } catch (error) {
    warnOnStderr(warnings)
    throw error
  }
}

/** Without a configuration, somebody at a terminal is asked how frames shall go out. */
async function withMethod(asked: CommandSettings): Promise<CommandSettings> {
  if (asked.file !== undefined || asked.settings.transport) return asked
  const { askMethod, askYes, canAsk } = await import('../questions.js')
  if (!canAsk() || (await readConfigFile(process.cwd()))) return asked
  const transports = await askMethod()
  if (await askYes('Save this to .streamerrc, so that you are not asked again?', true)) {
    const [{ saveRc }, { defaultAnswers }] = await Promise.all([import('./init.js'), import('../rc-file.js')])
    await saveRc(resolve('.streamerrc'), { ...defaultAnswers, transports }, false)
    return asked
  }
  return {
    ...asked,
    settings: { ...asked.settings, transport: { value: transports, origin: { kind: 'program' } } }
  }
}

/** One status line a second. */
function showStatus(streamer: Streamer, screen: Screen): () => void {
  let before = takeSnapshot(streamer)
  const show = () => {
    const now = takeSnapshot(streamer)
    screen.status(statusText(before, now))
    before = now
  }
  show()
  const timer = setInterval(show, 1000)
  return () => {
    clearInterval(timer)
    screen.close()
  }
}

async function stopInTime(streamer: Streamer): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((done) => {
    timer = setTimeout(done, stopLimitMs, false)
  })
  const inTime = await Promise.race([streamer.stop().then(() => true), late])
  clearTimeout(timer)
  return inTime
}
