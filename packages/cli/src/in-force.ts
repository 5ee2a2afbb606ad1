import { type LoadedConfig, type LoadedPart, type Origin, originText, type Path, pathText } from '@streamer/core'
import { defaultLogFormat, defaultLogLevel } from './log.js'

/** A value that is in force. */
export interface ValueInForce {
  /** `transports[0].port` */
  readonly path: string
  readonly value: unknown
  readonly origin: Origin
}

/** Every value that is in force, defaults included, each once, in the order of a configuration file. */
export function valuesInForce(loaded: LoadedConfig): ValueInForce[] {
  const values = new Map<string, ValueInForce>()
  const add = (path: Path, value: unknown, origin = loaded.originOf(path)) => {
    const text = pathText(path)
    if (value !== undefined && !values.has(text)) values.set(text, { path: text, value, origin })
  }
  const addPart = (part: LoadedPart | undefined) => {
    if (!part) return
    add([...part.path, 'use'], part.use)
    for (const [key, value] of Object.entries((part.options ?? {}) as Record<string, unknown>)) {
      const path = [...part.path, key]
      // What a part has from elsewhere (the host of all transports, the quality of the encoder) was set there.
      add(path, value, loaded.originOf(part.inherited[key] ?? path))
    }
    // What is a choice of several plugins cannot be isolated.
    if (!part.auto) add([...part.path, 'isolate'], part.isolate)
  }
  const several = loaded.streams.length > 1
  for (const { name, source, encoder, linger, watchdog } of loaded.streams) {
    addPart(source)
    addPart(encoder)
    const prefix = several || source?.path[0] === 'streams' ? ['streams', name] : []
    for (const [key, value] of Object.entries({ linger, watchdog })) {
      const own = loaded.originOf([...prefix, key])
      add([...prefix, key], value, own.kind === 'default' ? loaded.originOf([key]) : own)
    }
  }
  for (const transport of loaded.transports ?? []) {
    addPart(transport)
    add([...transport.path, 'name'], transport.name)
    add([...transport.path, 'optional'], transport.optional)
  }
  add(['host'], loaded.host)
  const { level = defaultLogLevel, format = defaultLogFormat, file } = loaded.log
  add(['log', 'level'], level)
  add(['log', 'format'], format)
  add(['log', 'file'], file)
  return [...values.values()]
}

/** `.streamerrc:3:5`, `--width`, `STREAMER_WIDTH` or `default`. */
export function originLabel(origin: Origin): string {
  return originText(origin) || origin.kind
}
