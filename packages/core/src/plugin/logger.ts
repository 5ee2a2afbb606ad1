/** Where a part says what happens to it. A message names the deed and the value; `fields` are for machines. */
export interface Logger {
  error(message: string, fields?: Readonly<Record<string, unknown>>): void
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void
  /** A logger whose lines are marked with `name`. */
  child(name: string): Logger
}

/** A logger that says nothing; the default of programs that embed the core. */
export const silentLogger: Logger = {
  error() {},
  warn() {},
  info() {},
  debug() {},
  child: () => silentLogger
}
