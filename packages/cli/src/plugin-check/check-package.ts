import type { PluginKind } from '@streamer/core'
import { shippedPlugins } from '../shipped.js'
import type { Manifest } from './find-module.js'
import type { Findings } from './finding.js'

const core = '@streamer/core'

/** Looks at the package.json of a plugin: whether it can be found, installed and used by others. */
export function checkPackage(
  manifest: Manifest,
  kind: PluginKind | undefined,
  pluginName: string,
  findings: Findings
): void {
  const { name, keywords, engines, files, exports } = manifest
  if (kind && typeof name === 'string') checkName(name, kind, pluginName, findings)
  if (!Array.isArray(keywords) || !keywords.includes('streamer-plugin'))
    findings.hint('it cannot be found as a plugin', 'add the keyword "streamer-plugin"')
  checkCore(manifest, findings)
  if (typeof (engines as { node?: unknown } | undefined)?.node !== 'string')
    findings.hint('it does not say which versions of Node it runs on', 'add "engines": { "node": ">=20.19.0" }')
  if (exports === undefined)
    findings.hint('it has no "exports", so that every file of it can be imported', 'add "exports"')
  else if (!JSON.stringify(exports).includes('"types"') && typeof manifest.types !== 'string')
    findings.hint(
      'its "exports" have no "types", so that TypeScript knows nothing of it',
      'add "types" before "default"'
    )
  if (!Array.isArray(files))
    findings.hint('everything in its folder would be published', 'add "files" with what is needed: ["dist"]')
}

function checkName(name: string, kind: PluginKind, pluginName: string, findings: Findings): void {
  const bare = name.replace(/^@[^/]+\//, '')
  const prefix = name.startsWith('@streamer/') ? `${kind}-` : `streamer-${kind}-`
  if (!bare.startsWith(prefix))
    findings.hint(
      `its name is ${name}; plugins of its kind are called ${prefix}…, and only those can be used without the rest: use: ${pluginName}`
    )
  else if (bare !== `${prefix}${pluginName}`)
    findings.hint(
      `the package is ${name}, and the plugin calls itself "${pluginName}" in logs and statistics, not "${bare.slice(prefix.length)}"`
    )
  const isShipped = shippedPlugins.some((shipped) => shipped.kind === kind && shipped.use === pluginName)
  if (isShipped && !name.startsWith('@streamer/'))
    findings.warning(
      `use: ${pluginName} means the ${kind} that comes with Streamer, not this one`,
      'give it another name'
    )
}

/** Two copies of the core in one program would be two versions of it before long. */
function checkCore(manifest: Manifest, findings: Findings): void {
  const has = (field: string) => Object.hasOwn(Object(manifest[field]) as object, core)
  if (has('dependencies'))
    findings.warning(
      `${core} is a dependency, so that an own copy of it is installed`,
      'put it into "peerDependencies", and into "devDependencies" for its tests'
    )
  else if (!has('peerDependencies'))
    findings.warning(`it does not say which version of ${core} it needs`, 'put it into "peerDependencies"')
}
