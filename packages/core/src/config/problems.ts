import { distance } from 'fastest-levenshtein'
import { isSecretName, type OptionsSchema, StreamerError } from '../plugin/index.js'

/** A JSON Schema, as far as it is looked at here. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** Keys and indices that lead to a value of a configuration. */
export type Path = ReadonlyArray<string | number>

/** Where a value of the configuration comes from. */
export type Origin =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly file: string; readonly line?: number; readonly column?: number }
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'flag'; readonly name: string }
  | { readonly kind: 'program' }

/** One thing that is wrong with a configuration. */
export interface Problem {
  /** `transports[0].port`. */
  readonly path: Path
  /** What is wrong, what is allowed, and for an unknown key the nearest known one. */
  readonly message: string
  readonly origin?: Origin
  readonly code?: string
}

/** Everything that is wrong with a configuration, at once. */
export class ConfigError extends StreamerError {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    const code =
      problems.length > 0 && problems.every((problem) => problem.code === problems[0]?.code)
        ? problems[0]?.code
        : undefined
    super(code ?? 'ERR_CONFIG_INVALID', problems.map(problemText).join('\n'))
    this.problems = problems
  }

  override get exitCode(): number {
    return 2
  }
}

/** `.streamerrc:4:12: transports[0].port: …` */
export function problemText({ path, message, origin }: Problem): string {
  return [origin && originText(origin), pathText(path), message].filter(Boolean).join(': ')
}

/** As people read it: `.streamerrc:4:3`, the flag or the variable; empty for defaults. */
export function originText(origin: Origin): string {
  if (origin.kind === 'file')
    return [origin.file, origin.line, origin.column].filter((part) => part !== undefined).join(':')
  return origin.kind === 'flag' || origin.kind === 'environment' ? origin.name : ''
}

/** As people read it: `transports[0].port`. */
export function pathText(path: Path): string {
  return path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? key : `${text}.${key}`),
    ''
  )
}

/** The JSON Schema of an options schema, or undefined where its library has none. */
export function jsonSchemaOf(schema: OptionsSchema<never> | OptionsSchema): JsonSchema | undefined {
  try {
    return schema['~standard'].jsonSchema?.input({ target: 'draft-2020-12' })
  } catch {
    return undefined
  }
}

/**
 * Checks `value` and gives the validated value or every problem, with `prefix` before each path.
 * Unknown keys are found with the JSON Schema, so that all of them are told, each with the nearest known key.
 */
export async function validate<Options>(
  schema: OptionsSchema<Options>,
  value: unknown,
  prefix: Path = []
): Promise<{ value: Options } | { problems: Problem[] }> {
  const jsonSchema = jsonSchemaOf(schema as OptionsSchema)
  const problems = jsonSchema ? unknownKeys(value, jsonSchema) : []
  const unknown = problems.length
  const result = await schema['~standard'].validate(value)
  if (result.issues === undefined && unknown === 0) return { value: result.value }
  for (const issue of result.issues ?? []) {
    if (unknown > 0 && (issue as { code?: string }).code === 'unrecognized_keys') continue
    const path = (issue.path ?? []).map((key) => keyOf(typeof key === 'object' ? key.key : key))
    const names = jsonSchema && (schemaAt(jsonSchema, path.slice(0, -1))?.propertyNames as JsonSchema | undefined)
    const message =
      names && (issue as { code?: string }).code === 'invalid_key'
        ? `the name is not allowed; it must be ${names.description ?? allowedText(names)}`
        : issueText(issue.message, valueAt(value, path), path, jsonSchema && schemaAt(jsonSchema, path))
    problems.push({ path, message })
  }
  return { problems: problems.map((problem) => ({ ...problem, path: [...prefix, ...problem.path] })) }
}

/** Every key that a JSON Schema does not know, with the nearest one that it does. */
export function unknownKeys(value: unknown, schema: JsonSchema, prefix: Path = []): Problem[] {
  const problems: Problem[] = []
  findUnknownKeys(value, schema, [], problems)
  return problems.map((problem) => ({ ...problem, path: [...prefix, ...problem.path] }))
}

/** The known key that a person may have meant, or undefined when none is near. */
export function nearestKey(key: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(key.length / 3)) + 1
  for (const candidate of known) {
    const steps = distance(key.toLowerCase(), candidate.toLowerCase())
    if (steps < bestDistance) {
      best = candidate
      bestDistance = steps
    }
  }
  return best
}

/** `unknown key with the value 5; did you mean "width"? There are: use, width, height` */
export function unknownKeyText(key: string, value: unknown, known: readonly string[]): string {
  const nearest = nearestKey(key, known)
  const guess = nearest === undefined ? '' : `did you mean "${nearest}"? `
  const there = known.length > 0 ? `There are: ${known.join(', ')}` : 'There are no options here'
  return `unknown key with the value ${valueText(value)}; ${guess}${there}`
}

/** What a JSON Schema allows, in words: `a whole number from 1 to 100`. */
export function allowedText(schema: JsonSchema): string {
  const anyOf = (schema.anyOf ?? schema.oneOf) as JsonSchema[] | undefined
  if (anyOf) return anyOf.map(allowedText).join(', or ')
  if ('const' in schema) return JSON.stringify(schema.const)
  if (Array.isArray(schema.enum)) return `one of ${schema.enum.map((value) => JSON.stringify(value)).join(', ')}`
  switch (schema.type) {
    case 'integer':
      return `a whole number${rangeText(schema)}`
    case 'number':
      return `a number${rangeText(schema)}`
    case 'boolean':
      return 'true or false'
    case 'string':
      return schema.pattern
        ? `text that matches ${schema.pattern}`
        : Number(schema.minLength) > 1
          ? `text of ${schema.minLength} characters or more`
          : schema.minLength
            ? 'text that is not empty'
            : 'text'
    case 'array':
      return `a list${schema.minItems ? ` of at least ${schema.minItems}` : ''}`
    case 'object':
      return 'keys with values'
    default:
      return 'another value'
  }
}

/** A value as it stands in a message; long ones are cut. */
export function valueText(value: unknown): string {
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) ?? String(value))
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

function issueText(
  message: string,
  value: unknown,
  path: ReadonlyArray<string | number>,
  schema: JsonSchema | undefined
): string {
  const shown = typeof value !== 'object' && path.some(isSecret) ? 'this' : valueText(value)
  if (!schema) return `${shown}: ${message}`
  if (value === undefined) return `is missing; it must be ${allowedText(schema)}`
  if (/^(Invalid|Too) /.test(message)) return `${shown} is not allowed; it must be ${allowedText(schema)}`
  // A plugin's own rule has its own message, which says more than its JSON Schema can.
  return typeof value === 'object' ? message : `${shown} is not allowed: ${message}`
}

/** Whether what has this name, or one of those in it, is a secret: `key`, `keys`, `password`. */
function isSecret(name: string | number): boolean {
  return isSecretName(String(name).replace(/s$/, ''))
}

function rangeText(schema: JsonSchema): string {
  const safe = (bound: unknown) =>
    typeof bound === 'number' && Math.abs(bound) < Number.MAX_SAFE_INTEGER ? bound : undefined
  const low = safe(schema.minimum)
  const high = safe(schema.maximum)
  const above = safe(schema.exclusiveMinimum)
  if (above !== undefined) return ` above ${above}${high === undefined ? '' : ` and at most ${high}`}`
  if (low !== undefined && high !== undefined) return ` from ${low} to ${high}`
  if (low !== undefined) return ` of ${low} or more`
  return high === undefined ? '' : ` of ${high} or less`
}

function findUnknownKeys(value: unknown, schema: JsonSchema, path: Path, problems: Problem[]): void {
  if (Array.isArray(value)) {
    const { items } = schema as { items?: JsonSchema }
    if (items) for (const [index, item] of value.entries()) findUnknownKeys(item, items, [...path, index], problems)
    return
  }
  if (typeof value !== 'object' || value === null) return
  const { properties, additionalProperties } = schema as {
    properties?: Record<string, JsonSchema>
    additionalProperties?: unknown
  }
  for (const [key, item] of Object.entries(value)) {
    const known = properties && Object.hasOwn(properties, key) ? properties[key] : undefined
    if (known) findUnknownKeys(item, known, [...path, key], problems)
    else if (additionalProperties === false) {
      problems.push({ path: [...path, key], message: unknownKeyText(key, item, Object.keys(properties ?? {})) })
    } else if (typeof additionalProperties === 'object' && additionalProperties !== null) {
      findUnknownKeys(item, additionalProperties as JsonSchema, [...path, key], problems)
    }
  }
}

function schemaAt(schema: JsonSchema, path: Path): JsonSchema | undefined {
  let at: JsonSchema | undefined = schema
  for (const key of path) {
    const { properties, items, additionalProperties } = (at ?? {}) as {
      properties?: Record<string, JsonSchema>
      items?: JsonSchema
      additionalProperties?: JsonSchema
    }
    at = typeof key === 'number' ? items : (properties?.[key] ?? additionalProperties)
    if (typeof at !== 'object') return undefined
  }
  return at
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? (at as Record<string | number, unknown>)[key] : undefined),
    value
  )
}

function keyOf(key: PropertyKey): string | number {
  return typeof key === 'symbol' ? String(key) : key
}
