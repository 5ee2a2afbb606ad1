import type { Host } from './host.js'

/** Datagrams that a `Loss` has seen. */
export interface LossCounts {
  readonly lost: number
  readonly passed: number
}

/** A share of datagrams that does not arrive. Made by `Host.lose`. */
export interface Loss {
  /** What became of the datagrams so far. A later `Host.lose` of the same direction begins anew. */
  counts(): Promise<LossCounts>
  /** No more are lost. */
  stop(): Promise<void>
}

/** Dice of the kernel's have as many sides as we like; these make hundredths of a percent. */
const sides = 10_000

/** Before connection tracking: for a router, a datagram that was lost on its way was never there. */
const priority = -300

/** @param incoming name of the interface over which they come. Default: any. */
export async function dropDatagrams(host: Host, percent: number, incoming: string | undefined): Promise<Loss> {
  if (!(percent >= 0 && percent <= 100)) throw new RangeError(`cannot lose ${percent} %`)
  const table = `inet loss-${incoming ?? 'all'}`
  const losing = Math.round((percent / 100) * sides)
  // No number is below 0, and nft has no comparison that is always true.
  const dice = losing < sides ? `numgen random mod ${sides} < ${losing} ` : ''
  const which = incoming === undefined ? '' : `iifname "${incoming}" `
  // Adding before deleting makes it a replacement, in one step, whether there is one already or not.
  await host.run(
    ['nft', '-f', '-'],
    `add table ${table}
delete table ${table}
table ${table} {
  counter lost { }
  counter passed { }
  chain prerouting {
    type filter hook prerouting priority ${priority}; policy accept;
    ${which}meta l4proto udp ${dice}counter name lost drop
    ${which}meta l4proto udp counter name passed
  }
}
`
  )
  return {
    async counts() {
      const listed = JSON.parse(await host.run(['nft', '-j', 'list', 'table', ...table.split(' ')])) as {
        nftables: Array<{ counter?: { name: string; packets: number } }>
      }
      const of = (name: string) => listed.nftables.find(({ counter }) => counter?.name === name)?.counter?.packets ?? 0
      return { lost: of('lost'), passed: of('passed') }
    },
    async stop() {
      await host.run(['nft', 'delete', 'table', ...table.split(' ')])
    }
  }
}
