import { type Plugin, type PluginKind, pluginApiVersion, valueText } from '@streamer/core'
import type { Findings } from './finding.js'

const kinds: readonly PluginKind[] = ['transport', 'source', 'encoder']
const makers = 'defineTransport(), defineSource() or defineEncoder()'

/** A plugin as far as it was found to be one. */
export interface Definition {
  /** Undefined when it does not say. */
  readonly kind: PluginKind | undefined
  readonly plugin: Readonly<Partial<Record<keyof Plugin | 'supports' | 'detect', unknown>>>
  /** The core would not take it. */
  readonly isRefused: boolean
}

/** Looks at the default export: whether it is a plugin, of this API version, with a name and a description. */
export function checkDefinition(
  exported: Readonly<Record<string, unknown>>,
  findings: Findings
): Definition | undefined {
  const value = exported.default
  if (typeof value !== 'object' || value === null) {
    const others = Object.keys(exported).filter((name) => name !== 'default')
    const has = others.length > 0 ? `; it exports ${others.join(', ')}` : ''
    const found =
      value === undefined
        ? 'it has no default export'
        : `its default export is ${value === null ? 'null' : `a ${typeof value}`}, not a plugin`
    findings.problem(`${found}${value === undefined ? has : ''}`, `make it with ${makers}`)
    return undefined
  }
  const plugin = value as Definition['plugin']
  const isVersionRight = checkVersion(plugin.apiVersion, findings)
  const kind = kinds.find((candidate) => candidate === plugin.kind)
  if (!kind) {
    const found = plugin.kind === undefined ? 'does not say its kind' : `is of the kind ${valueText(plugin.kind)}`
    findings.problem(`it ${found}; it must be one of ${kinds.join(', ')}`, `make it with ${makers}`)
  }
  checkNames(plugin, findings)
  const isMade = typeof plugin.create === 'function'
  if (!isMade) findings.problem('it has no create() function, which makes the part')
  if (plugin.detect !== undefined) checkDetect(plugin.detect, kind, findings)
  return { kind, plugin, isRefused: !isVersionRight || !kind || !isMade }
}

function checkVersion(version: unknown, findings: Findings): boolean {
  if (version === pluginApiVersion) return true
  const has = `this Streamer has ${pluginApiVersion}`
  if (version === undefined)
    findings.problem('it does not say for which plugin API it was made', `make it with ${makers}`)
  else if (!Number.isInteger(version))
    findings.problem(`its plugin API is ${valueText(version)}, not a whole number; ${has}`, `make it with ${makers}`)
  else if (Number(version) > pluginApiVersion)
    findings.problem(`it was made for plugin API ${version}, and ${has}`, 'update Streamer')
  else
    findings.problem(
      `it was made for plugin API ${version}, and ${has}`,
      'update the plugin; if it is yours, install the newest @streamer/core in its folder, see UPGRADING.md'
    )
  return false
}

function checkNames({ name, description }: Definition['plugin'], findings: Findings): void {
  if (typeof name !== 'string' || !/^[a-z0-9][a-z0-9-]*$/.test(name))
    findings.problem(`its name is ${valueText(name)}; it must be lower-case letters, digits and -, as after \`use:\``)
  if (description === undefined) findings.hint('it has no description, one sentence for `streamer plugins`')
  else if (typeof description !== 'string') findings.problem(`its description is ${valueText(description)}, not text`)
}

function checkDetect(detect: unknown, kind: PluginKind | undefined, findings: Findings): void {
  if (typeof detect !== 'function') findings.problem('its detect is not a function')
  else if (kind !== undefined && kind !== 'source')
    findings.warning(`its detect() is never called: only sources are asked, and it is of the kind ${kind}`)
}
