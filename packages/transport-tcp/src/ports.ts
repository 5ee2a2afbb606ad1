/**
 * The port of every stream: its own where `own` names one, else counting up from `first` over those that `own` gives to a stream, in the order of the streams.
 * Whether another program has one shows when it is listened on.
 * With `first` 0 each gets 0, any free port. A result above 65535 means that there are not enough.
 */
export function assignPorts(
  streams: Iterable<string>,
  first: number,
  own: Readonly<Record<string, number>>
): ReadonlyMap<string, number> {
  const names = Array.from(streams)
  const ownPort = (name: string): number | undefined => (Object.hasOwn(own, name) ? own[name] : undefined)
  const taken = new Set(names.map(ownPort))
  const ports = new Map<string, number>()
  let next = first
  for (const name of names) {
    const port = ownPort(name)
    if (port !== undefined) ports.set(name, port)
    else if (first === 0) ports.set(name, 0)
    else {
      while (taken.has(next)) next++
      ports.set(name, next++)
    }
  }
  return ports
}
