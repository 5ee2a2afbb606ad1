import { onSources } from './vitest.config.ts'

/** Tests with the real libcamera and its virtual camera, in the folder that `scripts/libcamera-root.sh` makes; `.ci/run` does that. */
export default onSources({
  include: ['test/libcamera/*.test.ts'],
  globalSetup: ['test/libcamera/global-setup.ts'],
  maxWorkers: 1,
  fileParallelism: false,
  testTimeout: 180_000,
  hookTimeout: 180_000
})
