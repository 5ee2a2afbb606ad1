import { readFileSync } from 'node:fs'
import yargs, { type Argv } from 'yargs'
import { type Command, type CommandName, commands } from './command-table.js'
import type { FlagValues } from './settings.js'
import { UsageError } from './usage-error.js'

/** A command line that was understood. */
export interface CommandLine {
  readonly command: CommandName
  readonly values: FlagValues
  /** Flags without a value: `--yes`, `--force`, `--json`. */
  readonly switches: ReadonlySet<string>
  /** What stands behind the command without dashes, as many as the command has: `plugins check <path>` has one. */
  readonly operands: readonly string[]
}

/** `@types/yargs` does not know this method. */
type Parser = Argv & { usageConfiguration(options: { 'hide-types': boolean }): Argv }

/** Version of this command. */
export function ownVersion(): string {
  return (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version
}

/**
 * Reads the command line. `--help` and `--version` are answered here.
 * @returns undefined when all has been said.
 * @throws UsageError
 */
export async function parseArguments(argv: readonly string[]): Promise<CommandLine | undefined> {
  refuseInherited(argv)
  let parsed: { readonly command: Command; readonly values: Record<string, unknown> } | undefined
  const parser = (yargs(withDashValues(argv)) as Parser)
    .usageConfiguration({ 'hide-types': true })
    .scriptName('streamer')
    .locale('en')
    .usage('Serves a camera over HTTP, TCP and UDP.\n\nUsage: $0 [command] [flags]')
    // Values stay as they were written: what is a number, and which, is said by the schemas.
    .parserConfiguration({
      'camel-case-expansion': false,
      'dot-notation': false,
      'boolean-negation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false
    })
    .example('$0', 'serve the camera, or a test picture without one, on all transports')
    .example('$0 --transport http --http-port 8081', 'HTTP only, on another port')
    .example('$0 --width 1280 --height 720 --framerate 15', 'larger and slower')
    .example('$0 --host 127.0.0.1', 'for this machine only')
    .example('$0 watch udp://raspberrypi.local:9999', 'receive a stream, and tell how it goes')
    .example('$0 init', 'write a configuration file')
    .example('$0 cameras', 'which cameras there are')
    .example('$0 doctor', 'why there is no picture')
    .example('$0 create-plugin transport lines', 'a plugin of your own')
    .epilogue('Flags win over STREAMER_* variables (STREAMER_HTTP_PORT=8081), those over the file.')
    .wrap(Math.min(100, process.stdout.columns ?? 100))
    .help()
    .alias('help', 'h')
    .version(ownVersion())
    .alias('version', 'v')
    .group(['help', 'version'], 'General:')
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new UsageError(message.startsWith('Not enough non-option') ? lackingText(argv, message) : message)
    })
  const add = (to: Argv, command: Command, last: string): void => {
    const operands = (command.operands ?? []).map(({ name }) => ` <${name}>`).join('')
    to.command(
      command.name === 'start' ? ['start', '$0'] : `${last}${operands}`,
      command.describe,
      (options) => {
        // Below another command, that one's flags are none.
        for (const { flag, describe, group } of command.flags)
          options.option(flag, { type: 'string', describe, group, global: false })
        for (const [flag, describe] of Object.entries(command.switches))
          options.option(flag, { type: 'boolean', describe, group: 'General:', global: false })
        for (const { name, describe } of command.operands ?? []) options.positional(name, { type: 'string', describe })
        for (const [words, purpose] of command.examples ?? []) options.example(`$0 ${words}`, purpose)
        for (const below of commandsBelow(command.name)) add(options, below, below.name.slice(command.name.length + 1))
      },
      (values) => {
        parsed = { command, values }
      }
    )
  }
  for (const command of commands) if (!command.name.includes(' ')) add(parser, command, command.name)
  await parser.parseAsync()
  return parsed && (await understood(parsed.command, parsed.values))
}

/** A lone dash behind a flag is its value (`--output -`); yargs would take it for a word of its own. */
function withDashValues(argv: readonly string[]): string[] {
  const words: string[] = []
  for (const word of argv) {
    const before = words.at(-1) ?? ''
    if (word === '-' && /^--[^=]+$/.test(before) && !words.includes('--')) words[words.length - 1] = `${before}=-`
    else words.push(word)
  }
  return words
}

/** yargs looks flags up in plain objects, and trips over the names that those have by themselves (`--constructor`). */
function refuseInherited(argv: readonly string[]): void {
  const end = argv.indexOf('--')
  for (const word of end < 0 ? argv : argv.slice(0, end)) {
    const [, name = ''] = /^--([^=]+)/.exec(word) ?? []
    if (name in {}) throw new UsageError(`there is no flag --${name}; see streamer --help`)
  }
}

function commandsBelow(name: string): readonly Command[] {
  return commands.filter((command) => command.name.startsWith(`${name} `))
}

/** What to say when a command lacks a word behind it. */
function lackingText(argv: readonly string[], message: string): string {
  const words = argv.filter((word) => !word.startsWith('-'))
  const command = commands.find(({ name, operands }) => operands && `${words.join(' ')} `.startsWith(`${name} `))
  const operands = command?.operands ?? []
  // A word that was taken for the value of a flag is counted here, and was not there.
  const lacking = operands[words.length - (command?.name.split(' ').length ?? 0)] ?? operands.at(-1)
  if (!command || !lacking) return message
  return `${command.name} needs <${lacking.name}>: ${uncapitalized(lacking.describe)}; see streamer ${command.name} --help`
}

function uncapitalized(text: string): string {
  return `${text.charAt(0).toLowerCase()}${text.slice(1)}`
}

/** Refuses what the command does not know, naming the nearest thing that it does. */
async function understood(command: Command, parsed: Readonly<Record<string, unknown>>): Promise<CommandLine> {
  const words = (parsed._ as unknown[]).map(String)
  const own = command.name.split(' ')
  const isNamed = own.every((word, index) => words[index] === word)
  const [extra] = isNamed ? words.slice(own.length) : words
  if (extra !== undefined) {
    const below = commandsBelow(command.name).map(({ name }) => name.slice(command.name.length + 1))
    const names = commands.map(({ name }) => name).filter((name) => !name.includes(' '))
    throw new UsageError(
      isNamed
        ? `"${extra}" is too much after "${command.name}"${await meant(extra, below, '', '')}`
        : `there is no command "${extra}"${await meant(extra, names, '')}`
    )
  }
  const operands = (command.operands ?? []).map(({ name }) => ({ name, value: parsed[name] }))
  for (const { name, value } of operands) {
    if (value === '') throw new UsageError(`${command.name} needs <${name}>, and was given nothing for it`)
  }
  const values: Record<string, readonly string[]> = {}
  const switches = new Set<string>()
  const known = [...command.flags.map(({ flag }) => flag), ...Object.keys(command.switches), 'help', 'version']
  for (const [key, value] of Object.entries(parsed)) {
    if (['_', '$0', 'help', 'h', 'version', 'v'].includes(key)) continue
    if (operands.some(({ name }) => name === key)) continue
    const flag = command.flags.find((candidate) => candidate.flag === key)
    if (flag) {
      const texts = (Array.isArray(value) ? value : [value]).map(String)
      if (texts.includes('')) throw new UsageError(`--${key} needs a value (${flag.value})`)
      values[key] = texts
    } else if (Object.hasOwn(command.switches, key)) {
      if (value === true) switches.add(key)
    } else {
      const dashes = key.length === 1 ? '-' : '--'
      throw new UsageError(`there is no flag ${dashes}${key}${await meant(key, known, '--')}`)
    }
  }
  return { command: command.name, values, switches, operands: operands.map(({ value }) => String(value)) }
}

/**
 * The core is loaded only when there is something to say.
 * @param otherwise what to say when nothing is near.
 */
async function meant(
  word: string,
  known: readonly string[],
  dashes: string,
  otherwise = '; see streamer --help'
): Promise<string> {
  const { nearestKey } = await import('@streamer/core')
  const nearest = nearestKey(word, known)
  return nearest === undefined ? otherwise : `; did you mean ${dashes}${nearest}?`
}
