import { sourceContract } from '@streamer/testkit'
import { describe, it } from 'vitest'
import { jpeg } from '../../jpeg-splitter/test/jpegs.js'
import plugin from '../src/index.js'

/** Writes the same picture for ever. */
const script = `const picture = Buffer.from('${jpeg({ size: 1000 }).toString('base64')}', 'base64')
setInterval(() => process.stdout.write(picture), 10)`

sourceContract(
  { describe, it },
  {
    plugin,
    options: { command: [process.execPath, '-e', script], terminateTimeoutMs: 400 },
    impossible: { command: ['/nowhere/no-such-program'] }
  }
)
