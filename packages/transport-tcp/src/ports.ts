/** Streams that have the same port in `own`, by pairs: the one that comes first, the other and the port. 0, any free port, is no one's. */
export function sharedPorts(
  own: Readonly<Record<string, number>>
): Array<[first: string, second: string, port: number]> {
  const holders = new Map<number, string>()
  const shared: Array<[string, string, number]> = []
  for (const [name, port] of Object.entries(own)) {
    if (port === 0) continue
    const holder = holders.get(port)
    if (holder === undefined) holders.set(port, name)
    else shared.push([holder, name, port])
  }
  return shared
}

/** What is wrong with `first` and `own` for these streams; what `assignPorts` takes has nothing wrong. */
export function portMistakes(
  streams: Iterable<string>,
  first: number,
  own: Readonly<Record<string, number>>
): readonly string[] {
  const names = Array.from(streams)
  const counting = names.find((name) => !Object.hasOwn(own, name))
  return Object.entries(own).flatMap(([name, port]) => {
    if (!names.includes(name)) return [`ports.${name}: it carries no stream of that name, only ${names.join(', ')}`]
    if (counting === undefined || port !== first || port === 0) return []
    return [
      `ports.${name}: ${port} is the port of "${counting}", the first stream without one here; set "port" or ports.${counting} to another one`
    ]
  })
}

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
