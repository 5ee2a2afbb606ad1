import { onSources } from './vitest.config.ts'

/** Tests on networks that the kernel makes. Needs root, and Debian's `iproute2`, `nftables` and `conntrack`; what is missing fails them. */
export default onSources({
  include: ['test/network/*.test.ts'],
  globalSetup: ['test/network/global-setup.ts'],
  maxWorkers: 1,
  testTimeout: 120_000,
  hookTimeout: 60_000
})
