import type { Origin, Path, Problem } from './problems.js'
import { originText } from './problems.js'
import { defaultEncoder, defaultSource, defaultTransports, type PartConfig } from './schema.js'

/** One value from outside the file. */
export interface Setting {
  readonly value: unknown
  readonly origin: Origin
}

/** What flags and `STREAMER_*` can say, by name of the flag in camelCase. */
export type SettingName =
  | 'source'
  | 'width'
  | 'height'
  | 'framerate'
  | 'quality'
  | 'transport'
  | 'host'
  | 'httpPort'
  | 'tcpPort'
  | 'udpPort'
  | 'linger'
  | 'logLevel'
  | 'logFile'
  | 'logFormat'

/** Values of flags and environment variables, by name. */
export type Settings = Readonly<Partial<Record<SettingName, Setting>>>

type Json = Record<string, unknown>

/** A configuration that other layers are laid over, with the origin of each value that does not come from the file. */
export class LayeredConfig {
  readonly value: Json
  readonly problems: Problem[] = []
  /** What has no effect. */
  readonly warnings: string[] = []
  readonly #origins = new Map<string, Origin>()
  /** Places of the file's transports that were kept, by their new places. */
  readonly #kept = new Map<number, number>()

  /** @param value of the file; it is copied. */
  constructor(value: Json) {
    this.value = copyOf(value, [], new Set(), this.problems) as Json
  }

  /** Where the value at `path` was set by a layer above the file; undefined when it was not. */
  originOf(path: Path): Origin | undefined {
    for (let length = path.length; length > 0; length--) {
      const origin = this.#origins.get(JSON.stringify(path.slice(0, length)))
      if (origin) return origin
      // What is inside a transport that was kept comes from the file, whoever made the list.
      if (length === 2 && path.length > 2 && this.#keptPlace(path) !== undefined) return undefined
    }
    return undefined
  }

  /** Where in the file the value at `path` stands; a list of transports from above the file moves them. */
  filePath(path: Path): Path {
    const place = this.#keptPlace(path)
    return place === undefined ? path : ['transports', place, ...path.slice(2)]
  }

  #keptPlace(path: Path): number | undefined {
    return path[0] === 'transports' && typeof path[1] === 'number' ? this.#kept.get(path[1]) : undefined
  }

  /** Lays flags and environment over what is there. Wrong shapes of the file are left for the schema to find. */
  apply(settings: Settings): void {
    const { source, transport } = settings
    if (source) this.#eachStream((owner, path) => this.#use(owner, 'source', path, source))
    for (const key of ['width', 'height', 'framerate'] as const) {
      const setting = settings[key]
      if (setting) this.#eachStream((owner, path) => this.#option(owner, 'source', defaultSource, path, key, setting))
    }
    const { quality } = settings
    if (quality) {
      if (this.#streams().length === 0 || isObject(this.value.encoder))
        this.#option(this.value, 'encoder', defaultEncoder, [], 'quality', quality)
      for (const [stream, path] of this.#streams()) {
        if (isObject(stream.encoder) || !isObject(this.value.encoder))
          this.#option(stream, 'encoder', defaultEncoder, path, 'quality', quality)
      }
    }
    if (transport) this.#replaceTransports(transport)
    for (const use of ['http', 'tcp', 'udp'] as const) {
      const setting = settings[`${use}Port`]
      if (setting) this.#transportPort(use, setting)
    }
    for (const key of ['host', 'linger'] as const) {
      const setting = settings[key]
      if (setting) this.#set(this.value, key, [], setting)
      if (setting && key === 'host') this.#transportsWith('host', setting)
      // A stream's own linger would hide the flag.
      if (setting && key === 'linger')
        for (const [stream, path] of this.#streams()) if ('linger' in stream) this.#set(stream, key, path, setting)
    }
    for (const [name, key] of [
      ['logLevel', 'level'],
      ['logFile', 'file'],
      ['logFormat', 'format']
    ] as const) {
      const setting = settings[name]
      if (!setting) continue
      if (!isObject(this.value.log)) this.value.log = {}
      this.#set(this.value.log as Json, key, ['log'], setting)
    }
  }

  #streams(): Array<[Json, string[]]> {
    if (!isObject(this.value.streams)) return []
    return Object.entries(this.value.streams).flatMap(([name, stream]) =>
      isObject(stream) ? [[stream, ['streams', name]] as [Json, string[]]] : []
    )
  }

  #eachStream(change: (owner: Json, path: string[]) => void): void {
    const streams = this.#streams()
    if (streams.length === 0) change(this.value, [])
    for (const [stream, path] of streams) change(stream, path)
  }

  #set(owner: Json, key: string, path: string[], setting: Setting): void {
    owner[key] = setting.value
    this.#origins.set(JSON.stringify([...path, key]), setting.origin)
  }

  /** Another plugin has other options, so those of the file go when the name changes. */
  #use(owner: Json, part: string, path: string[], setting: Setting): void {
    const current = owner[part]
    if (isObject(current) && current.use === setting.value) return
    owner[part] = { use: setting.value }
    this.#origins.set(JSON.stringify([...path, part]), setting.origin)
  }

  #option(owner: Json, part: string, fallback: PartConfig, path: string[], key: string, setting: Setting): void {
    if (!isObject(owner[part])) {
      owner[part] = { ...fallback }
      this.#origins.set(JSON.stringify([...path, part]), { kind: 'default' })
    }
    this.#set(owner[part] as Json, key, [...path, part], setting)
  }

  #replaceTransports(setting: Setting): void {
    const current = Array.isArray(this.value.transports) ? (this.value.transports as unknown[]) : []
    const names = Array.isArray(setting.value) ? setting.value : [setting.value]
    // The file's options of a transport that stays are kept.
    this.value.transports = names.map((use: unknown, index) => {
      const place = current.findIndex((part) => isObject(part) && part.use === use)
      if (place < 0) return { use }
      this.#kept.set(index, place)
      return current[place]
    })
    this.#origins.set(JSON.stringify(['transports']), setting.origin)
  }

  /** A transport's own value would hide the flag. */
  #transportsWith(key: string, setting: Setting): void {
    const { transports } = this.value
    if (!Array.isArray(transports)) return
    for (const [index, part] of transports.entries()) {
      if (!isObject(part) || !(key in part)) continue
      part[key] = setting.value
      this.#origins.set(JSON.stringify(['transports', index, key]), setting.origin)
    }
  }

  #transportPort(use: string, setting: Setting): void {
    if (this.value.transports === undefined) {
      this.value.transports = defaultTransports.map((part) => ({ ...part }))
      this.#origins.set(JSON.stringify(['transports']), { kind: 'default' })
    }
    const { transports } = this.value
    if (!Array.isArray(transports)) return
    const index = transports.findIndex((part) => isObject(part) && part.use === use)
    if (index < 0) {
      // Often a variable that is set for good, or an answer that left the transport out: no reason not to serve.
      this.warnings.push(`${originText(setting.origin)} has no effect: there is no transport "${use}"`)
      return
    }
    ;(transports[index] as Json).port = setting.value
    this.#origins.set(JSON.stringify(['transports', index, 'port']), setting.origin)
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A copy of plain data, as YAML could have it too; whatever else a program put there is a problem, and left out. */
function copyOf(value: unknown, path: Path, around: ReadonlySet<unknown>, problems: Problem[]): unknown {
  if (value === null || !['object', 'function', 'symbol'].includes(typeof value)) return value
  const reject = (what: string): undefined => {
    problems.push({
      path,
      message: `only plain data can stand here (text, numbers, lists, keys with values), not ${what}`
    })
  }
  if (around.has(value)) return reject('something that contains itself')
  const inside = new Set(around).add(value)
  if (Array.isArray(value)) return value.map((item, index) => copyOf(item, [...path, index], inside, problems))
  const isPlain = typeof value === 'object' && [Object.prototype, null].includes(Object.getPrototypeOf(value))
  if (!isPlain) return reject(typeof value === 'object' ? 'an object of a class' : `a ${typeof value}`)
  const entries = Object.entries(value as Json)
  return Object.fromEntries(entries.map(([key, item]) => [key, copyOf(item, [...path, key], inside, problems)]))
}
