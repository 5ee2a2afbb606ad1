import { onSources } from './vitest.config.ts'

/**
 * Tests of what is published: the packed packages, the reports of their interfaces, and a server that was installed from them in an empty folder.
 * Needs npm and a package registry; `.ci/run` runs it.
 */
export default onSources({
  include: ['test/packages/*.test.ts'],
  globalSetup: ['test/packages/global-setup.ts'],
  maxWorkers: 2,
  testTimeout: 300_000,
  hookTimeout: 300_000
})
