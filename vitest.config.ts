import { defineConfig } from 'vitest/config'

/** Tests run on the sources: each package's `exports` begin with this private condition. */
export default defineConfig({
  oxc: { decorator: { legacy: true } },
  resolve: { conditions: ['streamer-source'] },
  ssr: { resolve: { conditions: ['streamer-source'] } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', 'test/clients/**'],
    pool: 'forks',
    // The plugin loader honours Node's own conditions, so that plugins in tests are the sources too.
    execArgv: ['--conditions=streamer-source'],
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000
  }
})
