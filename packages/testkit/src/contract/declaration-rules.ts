import assert from 'node:assert/strict'
import { type Plugin, type PluginKind, pluginApiVersion } from '@streamer/core/plugin'
import type { WrittenOptions } from '../fixtures.js'
import { fixtureOptions, pathOf, validated } from './make-plugin.js'
import type { Rule } from './rules.js'

/** A key that no plugin has. */
const unknownKey = 'noSuchOption'
/** A value that no option takes. */
const impossibleValue = { impossible: true }

/** What holds for the default export of every plugin, whatever its kind. */
export function declarationRules(kind: PluginKind, plugin: Plugin, options: WrittenOptions): Rule[] {
  const group = 'declaration'
  return [
    {
      group,
      name: `is ${kind === 'encoder' ? 'an' : 'a'} ${kind} plugin of this API version`,
      async check() {
        assert.equal(plugin.kind, kind, `its kind is ${plugin.kind}: make it with the define function of ${kind}s`)
        assert.equal(plugin.apiVersion, pluginApiVersion, `its API version is ${plugin.apiVersion}`)
        assert.match(plugin.name, /^[a-z0-9][a-z0-9-]*$/, 'its name is not one that can stand after use:')
      }
    },
    {
      group,
      name: 'refuses an option that it does not have, by name',
      async check() {
        const { issues } = await validated(plugin, { ...options, [unknownKey]: 1 })
        const isNamed = issues.some((issue) => `${pathOf(issue)} ${issue.message}`.includes(unknownKey))
        assert.ok(issues.length > 0, `it takes the option ${unknownKey} without a word: make the schema strict`)
        assert.ok(isNamed, `what it says of the unknown option ${unknownKey} does not name it`)
      }
    },
    {
      group,
      name: 'refuses a wrong value with the path of its key',
      async check() {
        await fixtureOptions(plugin, options)
        for (const key of Object.keys(options)) {
          const { issues } = await validated(plugin, { ...options, [key]: impossibleValue })
          assert.ok(issues.length > 0, `it takes an object as ${key}`)
          const paths = issues.map(pathOf)
          const isPlaced = paths.some((path) => path === key || path.startsWith(`${key}.`))
          assert.ok(isPlaced, `a wrong ${key} is refused at "${paths.join('", "')}", not at "${key}"`)
        }
      }
    }
  ]
}
