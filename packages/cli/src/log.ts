import { closeSync, openSync, writeSync } from 'node:fs'
import { resolve } from 'node:path'
import { type LoadedConfig, type Logger, problemText } from '@streamer/core'
import { type Logger as Pino, pino } from 'pino'
import type { PrettyOptions } from 'pino-pretty'
import { UsageError } from './usage-error.js'

/** What is in force when the configuration says nothing. */
export const defaultLogLevel = 'info'
export const defaultLogFormat = 'pretty'

/** Where log lines go. */
export interface Log {
  readonly logger: Logger
  /** Says in the log file alone why the program ends; the terminal is told on stderr. */
  fatal(message: string): void
  close(): void
}

/**
 * Opens the log.
 * @param write takes whole lines.
 * @param terminal `write` goes to a terminal: lines carry the time of day only, and colours if `coloured`.
 * @throws UsageError when the log file cannot be opened.
 */
export async function openLog(
  loaded: LoadedConfig,
  write: (line: string) => void,
  { terminal, coloured }: { terminal: boolean; coloured: boolean }
): Promise<Log> {
  const { level = defaultLogLevel, format = defaultLogFormat } = loaded.log
  const file = loaded.log.file === undefined ? undefined : openLogFile(loaded, loaded.log.file, write)
  const formatted = async (options: PrettyOptions) => (format === 'json' ? asItIs : await prettifier(options))
  const onScreen = await formatted({
    colorize: coloured,
    translateTime: terminal ? 'SYS:HH:MM:ss' : 'SYS:yyyy-mm-dd HH:MM:ss'
  })
  const inFile = await formatted({ colorize: false, translateTime: 'SYS:yyyy-mm-dd HH:MM:ss.l' })
  const toFile = (line: string) => file?.write(inFile(line))
  const root = pino(
    { level, base: null, formatters: { level: (label) => ({ level: label }) } },
    {
      write: (line: string) => {
        write(onScreen(line))
        toFile(line)
      }
    }
  )
  return {
    logger: new PinoLogger(root),
    fatal: (message) =>
      pino({ base: null, formatters: { level: (label) => ({ level: label }) } }, { write: toFile }).fatal(message),
    close: () => file?.close()
  }
}

class PinoLogger implements Logger {
  readonly #pino: Pino
  readonly #part: string | undefined

  constructor(logger: Pino, part?: string) {
    this.#pino = logger
    this.#part = part
  }

  error(message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#pino.error(this.#plain(fields), message)
  }

  warn(message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#pino.warn(this.#plain(fields), message)
  }

  info(message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#pino.info(this.#plain(fields), message)
  }

  debug(message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#pino.debug(this.#plain(fields), message)
  }

  child(name: string): Logger {
    return new PinoLogger(this.#pino, this.#part === undefined ? name : `${this.#part}/${name}`)
  }

  /** Errors become their message; people who look for a bug set the level to debug and get the stack too. */
  #plain(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const plain: Record<string, unknown> = this.#part === undefined ? {} : { part: this.#part }
    for (const [key, value] of Object.entries(fields)) {
      plain[key] = value instanceof Error ? value.message : value
      if (value instanceof Error && this.#pino.isLevelEnabled('debug')) plain.stack = value.stack
    }
    return plain
  }
}

/** Fields that have a place of their own in a line. */
const placed = new Set(['level', 'time', 'msg', 'part', 'error', 'stack'])

function asItIs(line: string): string {
  return line
}

/** `[12:00:00] WARN: http: message: error key=value`. What makes it is loaded only where it is used. */
async function prettifier(options: PrettyOptions): Promise<(line: string) => string> {
  const { prettyFactory } = await import('pino-pretty')
  const pretty = prettyFactory({
    ...options,
    hideObject: true,
    messageFormat: (entry, messageKey) => {
      const { part, error, stack } = entry
      const words = [part, entry[messageKey], error].filter((word) => word !== undefined).map(String)
      const fields = Object.entries(entry)
        .filter(([key]) => !placed.has(key))
        .map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
      return `${words.join(': ')}${fields.join('')}${stack === undefined ? '' : `\n${String(stack)}`}`
    }
  })
  return (line) => pretty(line) ?? ''
}

function openLogFile(
  loaded: LoadedConfig,
  name: string,
  write: (line: string) => void
): { write(line: string): void; close(): void } {
  const path = resolve(loaded.baseDir, name)
  let descriptor: number | undefined
  try {
    descriptor = openSync(path, 'a')
  } catch (error) {
    const path = ['log', 'file']
    const message = `cannot open ${resolve(loaded.baseDir, name)}: ${reasonOf(error)}`
    throw new UsageError(problemText({ path, message, origin: loaded.originOf(path) }))
  }
  const close = () => {
    if (descriptor !== undefined) closeSync(descriptor)
    descriptor = undefined
  }
  return {
    close,
    write: (line) => {
      if (descriptor === undefined) return
      try {
        writeSync(descriptor, line)
      } catch (error) {
        // A full disk must not end the stream.
        close()
        write(`the log file ${path} cannot be written any more: ${reasonOf(error)}\n`)
      }
    }
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string }
  const reasons: Record<string, string> = {
    EACCES: 'permission denied',
    ENOENT: 'there is no such folder',
    EISDIR: 'it is a folder',
    ENOTDIR: 'a part of the path is not a folder',
    EROFS: 'the disk is read-only',
    ENOSPC: 'the disk is full'
  }
  return reasons[code ?? ''] ?? message ?? String(error)
}
