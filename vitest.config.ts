import { fileURLToPath } from 'node:url'
import { defineConfig, type ViteUserConfig } from 'vitest/config'

/** Tests run on the sources: each package's `exports` begin with this private condition. */
const condition = 'streamer-source'

export function onSources(test: NonNullable<ViteUserConfig['test']>): ViteUserConfig {
  return defineConfig({
    oxc: { decorator: { legacy: true } },
    resolve: { conditions: [condition] },
    ssr: { resolve: { conditions: [condition] } },
    test: {
      pool: 'forks',
      setupFiles: [fileURLToPath(new URL('test/support/fast-check.ts', import.meta.url))],
      // The plugin loader honours Node's own conditions, so that plugins in tests are the sources too.
      execArgv: [`--conditions=${condition}`],
      ...test
    }
  })
}

export default onSources({
  include: ['packages/*/test/**/*.test.ts', 'examples/*/test/*.test.js', 'test/*.test.ts'],
  maxWorkers: 2,
  testTimeout: 60_000,
  hookTimeout: 60_000
})
