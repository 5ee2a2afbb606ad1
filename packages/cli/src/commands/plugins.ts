import { fileURLToPath } from 'node:url'
import { allowedText, type JsonSchema, jsonSchemaOf, type OptionsSchema } from '@streamer/core'
import type { CommandLine } from '../arguments.js'
import { colours } from '../colours.js'
import { type KnownPlugin, knownPlugins } from '../known-plugins.js'
import { aligned, print, valueOnOneLine } from '../listing.js'
import { settingsOf, warnOnStderr } from '../load.js'
import { type Supports, supportsOf, supportsText } from '../plugin-supports.js'

/** `streamer plugins`: what there is, from where, what it supports, and with which options. */
export async function plugins(line: CommandLine): Promise<number> {
  const settings = await settingsOf(line)
  const known = await knownPlugins(settings)
  if (line.switches.has('json')) print([JSON.stringify(known.plugins.map(asData), undefined, 2)])
  else print(known.plugins.flatMap(asLines).slice(0, -1))
  warnOnStderr([...settings.warnings, ...known.problems])
  return known.problems.length === 0 ? 0 : 2
}

function schemaOf({ plugin }: KnownPlugin): JsonSchema | undefined {
  return jsonSchemaOf(plugin.configSchema as OptionsSchema)
}

/** Undefined for `auto`, which is those that it chooses from. */
function supportsIn({ kind, plugin, leftOut }: KnownPlugin): Supports | undefined {
  return leftOut ? undefined : supportsOf(kind, (plugin as { supports?: unknown }).supports).supports
}

function asData(known: KnownPlugin): Record<string, unknown> {
  const { kind, use, isUsed, usedBy, leftOut, packageName, version, url, plugin } = known
  return {
    kind,
    use,
    isUsed,
    ...(usedBy && { usedBy }),
    ...(leftOut && { leftOut }),
    package: packageName,
    version: version ?? null,
    path: fileURLToPath(url),
    description: plugin.description ?? null,
    supports: supportsIn(known) ?? null,
    options: schemaOf(known) ?? null
  }
}

function asLines(known: KnownPlugin): string[] {
  const { bold, dim } = colours(process.stdout)
  const { kind, use, isUsed, usedBy, leftOut, packageName, version, url, plugin } = known
  const supports = supportsIn(known)
  const from = `${packageName}${version ? ` ${version}` : ''}, ${fileURLToPath(url)}`
  return [
    `${kind} ${bold(use)}${isUsed ? ' (in use)' : usedBy ? ` (in use by ${usedBy})` : ''}`,
    ...(plugin.description ? [`  ${plugin.description}`] : []),
    `  ${dim(from)}`,
    ...(supports ? [`  ${supportsText(kind, supports)}`] : []),
    // The options of `auto` are listed with those that it chooses from.
    ...(leftOut?.map(({ use: other, reason }) => `  Not ${other}: ${reason}`) ?? optionLines(schemaOf(known), dim)),
    ''
  ]
}

function optionLines(schema: JsonSchema | undefined, dim: (text: string) => string): string[] {
  if (!schema) return [`  ${dim('Its options are not described.')}`]
  const rows = optionRows(schema)
  const names = aligned(
    rows.map(([name = '', allowed = '']) => [name, allowed]),
    '    '
  )
  const column = ' '.repeat(6 + Math.max(0, ...rows.map(([name = '']) => name.length)))
  return rows.flatMap(([, , description], index) => [
    names[index] ?? '',
    ...(description ? [`${column}${dim(description)}`] : [])
  ])
}

/** Name, what is allowed, and what it means; of each option, and of those inside of it as `faults.crashAfter`. */
function optionRows(schema: JsonSchema, prefix = ''): string[][] {
  const { properties = {}, required = [] } = schema as {
    properties?: Record<string, JsonSchema>
    required?: readonly string[]
  }
  return Object.entries(properties).flatMap(([name, option]) => {
    const fallback =
      'default' in option
        ? `; default ${valueOnOneLine(option.default)}`
        : required.includes(name)
          ? '; must be given'
          : ''
    const row = [`${prefix}${name}`, `${allowedText(option)}${fallback}`, String(option.description ?? '')]
    return [row, ...optionRows(option, `${prefix}${name}.`)]
  })
}
