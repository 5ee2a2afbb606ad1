import { readFileSync } from 'node:fs'
import yargs, { type Argv } from 'yargs'
import { type Flag, flags } from './flags.js'
import type { FlagValues } from './settings.js'
import { UsageError } from './usage-error.js'

export type CommandName = 'start' | 'init' | 'config' | 'schema' | 'plugins' | 'cameras' | 'doctor' | 'setup-camera'

/** A command line that was understood. */
export interface CommandLine {
  readonly command: CommandName
  readonly values: FlagValues
  /** Flags without a value: `--yes`, `--force`, `--json`. */
  readonly switches: ReadonlySet<string>
}

interface Command {
  readonly name: CommandName
  readonly describe: string
  readonly flags: readonly Flag[]
  readonly switches: Readonly<Record<string, string>>
  /** Command lines without the name of the program, and what they are good for. */
  readonly examples?: ReadonlyArray<readonly [string, string]>
}

const configFlag = flags.filter(({ name }) => name === 'config')

const commands: readonly Command[] = [
  { name: 'start', describe: 'Serve the camera; what happens without a command', flags, switches: {} },
  {
    name: 'init',
    describe: 'Ask a few questions and write a commented .streamerrc',
    flags: configFlag.map((flag) => ({ ...flag, describe: 'The file to write [default: .streamerrc]' })),
    switches: {
      yes: 'Ask nothing, take the defaults',
      force: 'Write over a file that is there'
    }
  },
  {
    name: 'config',
    describe: 'Show what is in force and where each value came from',
    flags,
    switches: { json: 'For programs' }
  },
  {
    name: 'schema',
    describe: 'Print the JSON Schema of the configuration, for editors',
    flags: configFlag,
    switches: {}
  },
  {
    name: 'plugins',
    describe: 'List the plugins: where from, version, options',
    flags,
    switches: { json: 'For programs' }
  },
  {
    name: 'cameras',
    describe: 'List the cameras: id, model, sizes, and what can be set',
    flags: configFlag,
    switches: { json: 'For programs' },
    examples: [
      ['cameras', 'what there is, with the number that `camera` in .streamerrc wants'],
      ['cameras --json', 'the same for a program']
    ]
  },
  {
    name: 'doctor',
    describe: 'Look for what is wrong with camera, ports and power, and say what helps',
    flags,
    switches: { json: 'For programs' },
    examples: [
      ['doctor', 'everything, with a few frames of the first camera'],
      ['doctor --transport http --http-port 80', 'for a server that is started with these flags']
    ]
  },
  {
    name: 'setup-camera',
    describe: 'Build the program that drives the camera, for the libcamera of this machine',
    flags: [],
    switches: { force: 'Also when it is built already' },
    examples: [
      ['setup-camera', 'once, and by itself after an update of libcamera'],
      ['setup-camera --force', 'build it again']
    ]
  }
]

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
  const parser = (yargs([...argv]) as Parser)
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
    .example('$0 init', 'write a configuration file')
    .example('$0 cameras', 'which cameras there are')
    .example('$0 doctor', 'why there is no picture')
    .epilogue('Flags win over STREAMER_* variables (STREAMER_HTTP_PORT=8081), those over the file.')
    .wrap(Math.min(100, process.stdout.columns ?? 100))
    .help()
    .alias('help', 'h')
    .version(ownVersion())
    .alias('version', 'v')
    .group(['help', 'version'], 'General:')
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new UsageError(message)
    })
  for (const command of commands) {
    parser.command(
      command.name === 'start' ? ['start', '$0'] : command.name,
      command.describe,
      (options) => {
        for (const { flag, describe, group } of command.flags) options.option(flag, { type: 'string', describe, group })
        for (const [flag, describe] of Object.entries(command.switches))
          options.option(flag, { type: 'boolean', describe, group: 'General:' })
        for (const [words, purpose] of command.examples ?? []) options.example(`$0 ${words}`, purpose)
      },
      (values) => {
        parsed = { command, values }
      }
    )
  }
  await parser.parseAsync()
  return parsed && (await understood(parsed.command, parsed.values))
}

/** yargs looks flags up in plain objects, and trips over the names that those have by themselves (`--constructor`). */
function refuseInherited(argv: readonly string[]): void {
  const end = argv.indexOf('--')
  for (const word of end < 0 ? argv : argv.slice(0, end)) {
    const [, name = ''] = /^--([^=]+)/.exec(word) ?? []
    if (name in {}) throw new UsageError(`there is no flag --${name}; see streamer --help`)
  }
}

/** Refuses what the command does not know, naming the nearest thing that it does. */
async function understood(command: Command, parsed: Readonly<Record<string, unknown>>): Promise<CommandLine> {
  const words = (parsed._ as unknown[]).map(String)
  const [extra] = words[0] === command.name ? words.slice(1) : words
  if (extra !== undefined) {
    const names = commands.map(({ name }) => name)
    throw new UsageError(
      words[0] === command.name
        ? `"${extra}" is too much after "${command.name}"`
        : `there is no command "${extra}"${await meant(extra, names, '')}`
    )
  }
  const values: Record<string, readonly string[]> = {}
  const switches = new Set<string>()
  const known = [...command.flags.map(({ flag }) => flag), ...Object.keys(command.switches), 'help', 'version']
  for (const [key, value] of Object.entries(parsed)) {
    if (['_', '$0', 'help', 'h', 'version', 'v'].includes(key)) continue
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
  return { command: command.name, values, switches }
}

/** The core is loaded only when there is something to say. */
async function meant(word: string, known: readonly string[], dashes: string): Promise<string> {
  const { nearestKey } = await import('@streamer/core')
  const nearest = nearestKey(word, known)
  return nearest === undefined ? '; see streamer --help' : `; did you mean ${dashes}${nearest}?`
}
