import {
  type JsonSchema,
  jsonSchemaOf,
  messageOf,
  type OptionsSchema,
  type PluginKind,
  valueText
} from '@streamer/core'
import type { Findings } from './finding.js'

/** A key that no plugin has. */
const unknownKey = 'noSuchOption'

/** Keys of a part that the core reads itself, so that they never get to the plugin. */
const keysOfTheCore: Readonly<Record<PluginKind, readonly string[]>> = {
  transport: ['use', 'name', 'optional', 'isolate'],
  source: ['use', 'isolate'],
  encoder: ['use', 'isolate']
}

type Result = Awaited<ReturnType<OptionsSchema['~standard']['validate']>>
type Issue = NonNullable<Extract<Result, { issues: object }>['issues']>[number]

/**
 * Looks at the schema of the options: whether it is one, tells what it allows, is strict, and takes its own defaults.
 * @returns the options of somebody who sets none, in an object; undefined when something must be given.
 */
export async function checkOptions(
  value: unknown,
  kind: PluginKind | undefined,
  findings: Findings
): Promise<{ readonly defaults: unknown } | undefined> {
  const schema = value as OptionsSchema | undefined
  if (typeof schema?.['~standard']?.validate !== 'function') {
    const found = value === undefined ? 'it has no configSchema' : 'its configSchema is not a Standard Schema'
    findings.problem(found, 'use a schema of zod, valibot, arktype or another library of standardschema.dev')
    return undefined
  }
  try {
    return await checkSchema(schema, kind, findings)
  } catch (error) {
    findings.problem(`its schema threw while it checked options: ${messageOf(error)}`)
    return undefined
  }
}

async function checkSchema(schema: OptionsSchema, kind: PluginKind | undefined, findings: Findings) {
  const jsonSchema = jsonSchemaOf(schema)
  const issuesOf = async (options: unknown): Promise<readonly Issue[]> =>
    (await schema['~standard'].validate(options)).issues ?? []
  if (jsonSchema === undefined)
    findings.hint(
      'its schema cannot tell what it allows: `streamer plugins` and editors know none of its options, and a misspelt one gets no "did you mean"',
      'use a library whose Standard Schema has jsonSchema, such as zod 4'
    )
  else {
    checkDescriptions(jsonSchema, findings)
    checkKeys(jsonSchema, kind, findings)
    await checkDefaults(jsonSchema, issuesOf, findings)
  }
  await checkStrictness(jsonSchema, issuesOf, findings)
  const result = await schema['~standard'].validate({})
  if (result.issues === undefined) return { defaults: result.value }
  const { properties = {} } = (jsonSchema ?? {}) as { properties?: Record<string, JsonSchema> }
  const hasDefault = (issue: Issue) => 'default' in (properties[pathOf(issue).split('.')[0] ?? ''] ?? {})
  const wrong = result.issues.filter(hasDefault)
  if (wrong.length > 0) findings.problem(`its own defaults are refused: ${wrong.map(issueText).join('; ')}`)
  else {
    const needed = result.issues.map(issueText).join('; ')
    findings.hint(`create() was not tried, for nothing can be made without options: ${needed}`)
  }
  return undefined
}

/** Every option, those inside of options as `faults.crashAfter`. */
function optionsIn(schema: JsonSchema, prefix = ''): Array<{ readonly name: string; readonly option: JsonSchema }> {
  const { properties = {} } = schema as { properties?: Record<string, JsonSchema> }
  return Object.entries(properties).flatMap(([key, option]) => {
    const name = `${prefix}${key}`
    return [{ name, option }, ...optionsIn(option, `${name}.`)]
  })
}

function checkDescriptions(schema: JsonSchema, findings: Findings): void {
  const silent = optionsIn(schema).filter(({ option }) => !option.description)
  if (silent.length === 0) return
  findings.hint(
    `options without a description: ${silent.map(({ name }) => name).join(', ')}`,
    "with zod: .meta({ description: 'What it is, and its unit.' })"
  )
}

function checkKeys(schema: JsonSchema, kind: PluginKind | undefined, findings: Findings): void {
  if (!kind) return
  const lost = Object.keys((schema.properties as object | undefined) ?? {}).filter((key) =>
    keysOfTheCore[kind].includes(key)
  )
  if (lost.length > 0)
    findings.problem(
      `nobody can set ${lost.join(', ')}: Streamer reads that key of a ${kind} itself`,
      'give it another name'
    )
}

async function checkDefaults(
  schema: JsonSchema,
  issuesOf: (options: unknown) => Promise<readonly Issue[]>,
  findings: Findings
): Promise<void> {
  const { properties = {} } = schema as { properties?: Record<string, JsonSchema> }
  for (const [key, option] of Object.entries(properties)) {
    if (!('default' in option)) continue
    const own = (await issuesOf({ [key]: option.default })).filter((issue) => pathOf(issue).split('.')[0] === key)
    if (own.length > 0)
      findings.problem(
        `the default of ${key}, ${valueText(option.default)}, is not allowed when it is written out: ${own.map(issueText).join('; ')}`
      )
  }
}

async function checkStrictness(
  schema: JsonSchema | undefined,
  issuesOf: (options: unknown) => Promise<readonly Issue[]>,
  findings: Findings
): Promise<void> {
  // The core finds unknown keys by itself where the JSON Schema says that there may be none.
  if (schema?.additionalProperties === false) return
  const issues = await issuesOf({ [unknownKey]: 1 })
  if (issues.some((issue) => issueText(issue).includes(unknownKey))) return
  findings.warning(
    'it takes options that it does not have without a word, so that a misspelt one is lost',
    'make the object strict, with zod: z.strictObject({ … })'
  )
}

function pathOf({ path = [] }: Issue): string {
  return path.map((step) => String(typeof step === 'object' ? step.key : step)).join('.')
}

function issueText(issue: Issue): string {
  return [pathOf(issue), issue.message].filter(Boolean).join(': ')
}
