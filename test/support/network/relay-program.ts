/**
 * A relay as a program, for a host of a `TestNetwork`: `node relay-program.js '{"server":{"address":"203.0.113.10","port":9999},"toClient":{"delayMs":50}}'`,
 * with the options of `startRelay`. Prints `{"listening":{"address":…,"port":…},"seed":…}`; answers `{"counts":true}` on its standard input with
 * `{"counts":{"toServer":{…},"toClient":{…}}}`; ends with its standard input.
 */
import { createInterface } from 'node:readline'
import { type RelayOptions, startRelay } from './relay.js'

const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`)

const relay = await startRelay(JSON.parse(process.argv[2] ?? '') as RelayOptions)
say({ listening: relay.endpoint, seed: relay.seed })
for await (const line of createInterface(process.stdin)) {
  if ('counts' in (JSON.parse(line) as object)) say({ counts: relay.counts() })
}
await relay.close()
