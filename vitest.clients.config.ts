import { onSources } from './vitest.config.ts'

/** Tests with other people's programs (ffmpeg, Python, Chromium, a terminal), and of the benchmark, which needs the machine for itself. One that is missing fails them; `.ci/run` installs all. */
export default onSources({
  include: ['test/clients/*.test.ts'],
  maxWorkers: 1,
  testTimeout: 180_000,
  hookTimeout: 180_000
})
