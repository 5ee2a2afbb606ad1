import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import type { TransportSupports } from '@streamer/core/plugin'
import { heldBytes, picture } from './pictures.js'
import type { Rule } from './rules.js'
import { type Declare, rejection } from './transport-trial.js'
import { within } from './within.js'

/** 128 MiB in all. */
const flood = 512
const large = 256 << 10
/** What a system keeps of datagrams that nobody has read yet is less than a large frame. */
const largeUnreliable = 32 << 10
/** A frame that is being sent, one that waits, what a library keeps between: some frames; not what was published. Bytes. */
const bound = 32 << 20
/** 32 MiB: more than a kernel keeps for a client on both sides (Linux: at most 4 MiB and 6 MiB unless it was told otherwise). */
const backlog = 128

/** What a transport with clients must do. */
export function clientRules(rule: Declare, supports: Required<TransportSupports>): Rule[] {
  const group = 'clients'
  const size = supports.reliable ? large : largeUnreliable
  return [
    rule(group, 'a client is demand from its coming to its going', async (trial) => {
      const { urls } = await trial.serving()
      assert.equal(trial.stream.demand, 0, 'it subscribes before there is a client: the camera would run for nobody')
      const client = await trial.connect(urls)
      assert.equal(trial.stream.demand, 1, `one client is ${trial.stream.demand} subscriptions`)
      await trial.deliver(client)
      await trial.disconnect(client)
      await trial.released()
    }),
    rule(group, 'every client gets the frames', async (trial) => {
      const { urls } = await trial.serving()
      const clients = [await trial.connect(urls), await trial.connect(urls), await trial.connect(urls)]
      for (const client of clients) await trial.deliver(client)
    }),
    rule(group, 'a client that hangs holds up nobody', async (trial) => {
      const { urls } = await trial.serving()
      const hanging = await trial.connect(urls)
      const other = await trial.connect(urls)
      hanging.pause()
      for (let count = 0; count < backlog / 2; count++) await trial.deliver(other, size)
    }),
    rule(group, 'a client that hangs costs bounded memory', async (trial) => {
      const { urls } = await trial.serving()
      const client = await trial.connect(urls)
      client.pause()
      const before = heldBytes()
      for (let count = 0; count < flood; count++) {
        trial.publishUnseen(picture(count, large))
        await turn()
      }
      const grown = heldBytes() - before
      const text = `${grown >> 20} MiB of ${(flood * large) >> 20} MiB that were published`
      assert.ok(grown < bound, `it holds ${text} for a client that hangs: call ready() when a frame has been taken`)
    }),
    rule(group, 'a client that hung gets the newest frame', async (trial) => {
      const { urls } = await trial.serving()
      const client = await trial.connect(urls)
      client.pause()
      let newest = Buffer.alloc(0)
      for (let count = 0; count < backlog; count++) {
        newest = Buffer.from(trial.publish(size))
        await turn()
      }
      client.resume()
      if (!supports.reliable) return trial.deliver(client)
      let old = 0
      while (!newest.equals(await trial.next(client))) old++
      assert.ok(old < backlog * 0.75, `the client got ${old} of the ${backlog} old frames before the newest`)
    }),
    rule(group, 'a client that goes in the middle of a frame hurts nobody', async (trial) => {
      const { urls } = await trial.serving()
      const going = await trial.connect(urls)
      const other = await trial.connect(urls)
      going.pause()
      for (let count = 0; count < 32; count++) {
        trial.publish(size)
        await turn()
      }
      await trial.disconnect(going)
      for (let count = 0; count < 8; count++) await trial.deliver(other)
      assert.deepEqual(trial.run.failures, [], 'it failed because one client went')
    }),
    rule(group, 'a taken port is ERR_LISTEN', async (trial) => {
      const { urls } = await trial.serving()
      const port = Number(new URL(urls[0]!).port)
      assert.ok(port > 0, `the address ${urls[0]} has no port`)
      const error = await rejection(trial.start(await trial.make(port)))
      assert.ok(error, `start() resolves although port ${port} is taken`)
      assert.equal((error as { code?: unknown }).code, 'ERR_LISTEN', `start() rejects with ${error.message}`)
    }),
    ...(supports.reliable
      ? [
          rule(group, 'lets a client go when the core closes its subscription', async (trial) => {
            const { urls } = await trial.serving()
            const client = await trial.connect(urls)
            await trial.deliver(client)
            trial.resources.run(() => trial.stream.revoke())
            for (;;) {
              const end = await within(
                trial.limitMs,
                'the end of a connection whose subscription was closed',
                ended(client)
              )
              if (end) break
            }
          })
        ]
      : [])
  ]
}

/** Whether the connection is gone; frames that were still under way come first. */
async function ended(client: { next(): Promise<Uint8Array> }): Promise<boolean> {
  try {
    await client.next()
    return false
  } catch {
    return true
  }
}
