import { configJsonSchema } from '@streamer/core'
import type { CommandLine } from '../arguments.js'
import { knownPlugins } from '../known-plugins.js'
import { print } from '../listing.js'
import { settingsOf, warnOnStderr } from '../load.js'

/** `streamer schema`: the JSON Schema of the configuration with every plugin that is known here. */
export async function schema(line: CommandLine): Promise<number> {
  const settings = await settingsOf(line)
  const { plugins, problems } = await knownPlugins(settings)
  warnOnStderr([...settings.warnings, ...problems])
  print([JSON.stringify(configJsonSchema(plugins), undefined, 2)])
  return problems.length === 0 ? 0 : 2
}
