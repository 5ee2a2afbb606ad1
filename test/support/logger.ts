import type { Logger } from '@streamer/core/plugin'

export interface LogLine {
  readonly level: 'error' | 'warn' | 'info' | 'debug'
  readonly message: string
}

/** A logger that keeps what it is told, its children's lines included. */
export function recordingLogger(lines: LogLine[]): Logger {
  const keep = (level: LogLine['level']) => (message: string) => {
    lines.push({ level, message })
  }
  const logger: Logger = {
    error: keep('error'),
    warn: keep('warn'),
    info: keep('info'),
    debug: keep('debug'),
    child: () => logger
  }
  return logger
}
