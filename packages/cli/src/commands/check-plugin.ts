import type { CommandLine } from '../arguments.js'
import { wrapped } from '../camera-tools.js'
import { colours } from '../colours.js'
import { print } from '../listing.js'
import { type CheckedPlugin, checkedPlugin } from '../plugin-check/check-plugin.js'
import type { Finding, Level } from '../plugin-check/finding.js'
import { supportsText } from '../plugin-supports.js'

/** `streamer plugins check`: everything that is wrong with a plugin. Ends with 2 when there is a problem. */
export async function checkPlugin(line: CommandLine): Promise<number> {
  const [asked = '.'] = line.operands
  const checked = await checkedPlugin(asked, process.cwd())
  if (line.switches.has('json')) print([JSON.stringify(asData(checked), undefined, 2)])
  else print([...headLines(checked), ...findingLines(checked.findings), summary(checked.findings)])
  return checked.findings.some(({ level }) => level === 'problem') ? 2 : 0
}

function asData(checked: CheckedPlugin): Record<string, unknown> {
  const { path, packageName, version, kind, name, description, apiVersion, supports, options, findings } = checked
  return {
    kind: kind ?? null,
    name: name ?? null,
    description: description ?? null,
    apiVersion: apiVersion ?? null,
    package: packageName ?? null,
    version: version ?? null,
    path: path ?? null,
    supports: supports ?? null,
    options: options ?? null,
    findings
  }
}

/** What it is, as far as that could be found out. */
function headLines({
  path,
  packageName,
  version,
  kind,
  name,
  description,
  supports,
  options
}: CheckedPlugin): string[] {
  if (path === undefined) return []
  const { bold, dim } = colours(process.stdout)
  const names = Object.keys((options?.properties as object | undefined) ?? {})
  return [
    ...(kind && name ? [`${kind} ${bold(name)}`] : []),
    ...(description ? [`  ${description}`] : []),
    `  ${dim(packageName ? `${packageName}${version ? ` ${version}` : ''}, ${path}` : path)}`,
    ...(kind && supports ? [`  ${supportsText(kind, supports)}`] : []),
    ...(names.length > 0 ? [`  Options: ${names.join(', ')}`] : []),
    ''
  ]
}

function findingLines(findings: readonly Finding[]): string[] {
  if (findings.length === 0) return []
  const { red, yellow, cyan, bold } = colours(process.stdout)
  const paints: Readonly<Record<Level, (text: string) => string>> = { problem: red, warning: yellow, hint: cyan }
  const subjectWidth = Math.max(...findings.map(({ subject }) => subject.length))
  const margin = ' '.repeat('problem'.length + subjectWidth + 4)
  const columns = Math.max(60, Math.min(120, process.stdout.columns ?? 120))
  const fitted = (text: string) => wrapped(text.split(' '), columns, margin)
  const lines = findings.flatMap(({ level, subject, message, remedy }) => [
    `${paints[level](level.padEnd('problem'.length))}  ${subject.padEnd(subjectWidth)}  ${fitted(message)}`,
    ...(remedy === undefined ? [] : [`${margin}${bold(fitted(`-> ${remedy}`))}`])
  ])
  return [...lines, '']
}

function summary(findings: readonly Finding[]): string {
  const { green, yellow, red } = colours(process.stdout)
  const counted = (level: Level) => {
    const { length } = findings.filter((finding) => finding.level === level)
    return `${length} ${level}${length === 1 ? '' : 's'}`
  }
  if (findings.length === 0) return green('Nothing is wrong.')
  if (findings.some(({ level }) => level === 'problem'))
    return red(`${counted('problem')}, ${counted('warning')}, ${counted('hint')}. What "->" says helps.`)
  const isWarned = findings.some(({ level }) => level === 'warning')
  return (isWarned ? yellow : green)(`No problem, ${counted('warning')}, ${counted('hint')}.`)
}
