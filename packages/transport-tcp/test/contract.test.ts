import { parseKey } from '@streamer/protocol'
import { transportContract } from '@streamer/testkit'
import { afterAll, describe, it } from 'vitest'
import { makeCertificate } from '../../../test/support/certificate.js'
import plugin from '../src/index.js'
import { StandInClient, type StandInOptions } from './stand-in-client.js'
import { Cleanup, Client } from './stand-ins.js'

const certificate = makeCertificate()
afterAll(() => certificate.remove())

const key = 'correct horse battery staple'

function portOf(urls: readonly string[], stream: string): number {
  const url = urls.length === 1 ? urls[0] : urls.find((candidate) => candidate.endsWith(`/${stream}`))
  return Number(new URL(url!).port)
}

transportContract(
  { describe, it },
  {
    plugin,
    options: (port) => ({ host: '127.0.0.1', port, payload: 'jpeg' }),
    async connect(urls, stream) {
      const cleanup = new Cleanup()
      const client = await Client.open(cleanup, portOf(urls, stream))
      let taken = 0
      return {
        next: async () => {
          const frames = await Promise.race([client.has(taken + 1), client.gone])
          return frames[taken++]!
        },
        pause: () => client.socket.pause(),
        resume: () => client.socket.resume(),
        close: () => cleanup.run()
      }
    }
  }
)

/** The same for clients of version 2. */
function versionTwoContract(what: string, options: object, client: StandInOptions): void {
  transportContract(
    { describe: (name, body) => describe(`${name}, ${what}`, body), it },
    {
      plugin,
      options: (port) => ({ host: '127.0.0.1', port, ...options }),
      async connect(urls, stream) {
        const cleanup = new Cleanup()
        const { socket, ...rest } = await joined(cleanup, portOf(urls, stream))
        return { ...rest, pause: () => socket.pause(), resume: () => socket.resume(), close: () => cleanup.run() }
      }
    }
  )

  async function joined(cleanup: Cleanup, port: number) {
    const joining = await StandInClient.join(cleanup, port, client)
    let taken = 0
    return { socket: joining.socket, next: async () => (await joining.has(taken + 1))[taken++]!.data }
  }
}

// How old a frame may be is not what the contract is about: a busy machine may take more than a second for one.
const patient = { maxAgeMs: 60_000 }
versionTwoContract('version 2', patient, {})
versionTwoContract(
  'version 2 with a key in TLS',
  {
    ...patient,
    key,
    tls: { cert: `${certificate.folder}/cert.pem`, key: `${certificate.folder}/key.pem` }
  },
  { key: parseKey(key), ca: certificate.cert }
)
