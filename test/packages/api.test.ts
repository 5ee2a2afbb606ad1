import { join } from 'node:path'
import { it } from 'vitest'
import { root } from '../support/documents.js'
import { run } from './programs.js'

it('the reports of the interfaces, the reference and the page of error codes are current, and all that is exported is explained', async () => {
  await run(process.execPath, [join(root, 'scripts/api.mjs'), '--check'], { cwd: root })
})
