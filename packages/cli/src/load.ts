import { type LoadedConfig, loadConfig } from '@streamer/core'
import type { CommandLine } from './arguments.js'
import { type CommandSettings, readSettings, variableWarnings } from './settings.js'
import { resolveFrom } from './shipped.js'

/** Flags and environment of this process, with what is to be said about variables that mean nothing. */
export async function settingsOf(
  line: CommandLine
): Promise<CommandSettings & { readonly warnings: readonly string[] }> {
  const settings = readSettings(line.values, process.env, process.cwd())
  return { ...settings, warnings: await variableWarnings(settings.unknownVariables) }
}

/** The configuration that is in force. */
export function load({ settings, file }: CommandSettings): Promise<LoadedConfig> {
  return loadConfig({ settings, resolveFrom, ...(file !== undefined && { file }) })
}

/** For commands that have no log. */
export function warnOnStderr(warnings: readonly string[]): void {
  for (const warning of warnings) process.stderr.write(`streamer: ${warning}\n`)
}
