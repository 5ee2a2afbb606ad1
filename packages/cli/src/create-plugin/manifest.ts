import type { PluginKind } from '@streamer/core'
import { packageNameOf } from './plugin-name.js'

/** What a new plugin is built and tested with, in the versions that Streamer itself uses. */
export const toolVersions = {
  '@types/node': '^20.19.0',
  typescript: '^7.0.2',
  vitest: '^4.1.12',
  zod: '^4.6.0'
} as const

const descriptions: Readonly<Record<PluginKind, string>> = {
  transport: 'Frames as server-sent events over HTTP, for Streamer',
  source: 'The time of day as a picture, for Streamer',
  encoder: 'Pictures in squares of one colour, for Streamer'
}

/**
 * The package.json of a new plugin. It has no licence: that is for its author to choose.
 * @param version of Streamer.
 */
export function manifestOf(kind: PluginKind, name: string, version: string): Record<string, unknown> {
  const { zod, ...tools } = toolVersions
  return {
    name: packageNameOf(kind, name),
    version: '0.1.0',
    description: descriptions[kind],
    type: 'module',
    keywords: ['streamer-plugin', 'streamer', kind],
    engines: { node: '>=20.19.0' },
    exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' } },
    files: ['dist'],
    scripts: {
      build: 'tsc -p tsconfig.build.json',
      prepare: 'tsc -p tsconfig.build.json',
      // A Raspberry Pi takes its time.
      test: 'vitest run --testTimeout 60000',
      typecheck: 'tsc'
    },
    // Whoever uses it has the core already, and there must be one only.
    peerDependencies: { '@streamer/core': `^${version}` },
    dependencies: { zod },
    devDependencies: { '@streamer/core': `^${version}`, '@streamer/testkit': `^${version}`, ...tools }
  }
}

/** The tsconfig.json of a new plugin, for editors and `npm run typecheck`. */
export function typeScriptConfig(kind: PluginKind): Record<string, unknown> {
  return {
    compilerOptions: {
      target: 'es2022',
      module: 'nodenext',
      types: ['node'],
      strict: true,
      noUncheckedIndexedAccess: true,
      verbatimModuleSyntax: true,
      skipLibCheck: true,
      // The worker of an encoder is plain JavaScript.
      ...(kind === 'encoder' && { allowJs: true, checkJs: true }),
      noEmit: true
    },
    include: ['src', 'test']
  }
}

/** The tsconfig.build.json of a new plugin, which makes `dist`. */
export const buildConfig = {
  extends: './tsconfig.json',
  compilerOptions: { rootDir: 'src', outDir: 'dist', declaration: true, noEmit: false },
  include: ['src']
}
