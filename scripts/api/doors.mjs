// What others can import, and where its report and its page of the reference go.

/** The order matters: what a door shares with an earlier one is described there. */
export const doors = [
  {
    module: '@streamer/core/plugin',
    folder: 'packages/core',
    types: 'dist/plugin/index.d.ts',
    report: 'api/core-plugin.api.md',
    page: 'docs/reference/plugin.md'
  },
  {
    module: '@streamer/core',
    folder: 'packages/core',
    types: 'dist/index.d.ts',
    report: 'api/core.api.md',
    page: 'docs/reference/core.md'
  },
  {
    module: '@streamer/testkit',
    folder: 'packages/testkit',
    types: 'dist/index.d.ts',
    report: 'api/testkit.api.md',
    page: 'docs/reference/testkit.md'
  }
]
