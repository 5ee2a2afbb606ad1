import { messageOf, type Plugin, type PluginContext, StreamerError } from '../plugin/index.js'

/**
 * Has a plugin make its part.
 * @param options validated.
 * @param where for messages: `transport plugin "lines"`.
 * @throws StreamerError `ERR_PLUGIN_LOAD` when `create` throws, `ERR_PLUGIN_INVALID` when what it gives cannot be started and stopped.
 */
export function makePart<Part>(plugin: Plugin, options: unknown, context: PluginContext, where: string): Part {
  let isPart = false
  let made: { readonly start?: unknown; readonly stop?: unknown } | undefined
  try {
    made = plugin.create(options, context) as typeof made
    isPart = typeof made?.start === 'function' && typeof made.stop === 'function'
  } catch (error) {
    throw new StreamerError('ERR_PLUGIN_LOAD', `${where} threw while it was made: ${messageOf(error)}`, {
      cause: error
    })
  }
  if (isPart) return made as Part
  throw new StreamerError('ERR_PLUGIN_INVALID', `${where} made nothing with start and stop in create()`)
}
