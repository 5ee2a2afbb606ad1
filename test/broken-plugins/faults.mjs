/** Things that are thrown and are no errors. */
export const thrown = {
  error: () => new Error('broken on purpose'),
  null: () => null,
  undefined: () => undefined,
  text: () => 'just text',
  'an object that cannot be text': () => ({
    toString() {
      throw new Error('not even that')
    }
  }),
  'an error that cannot be looked at': () =>
    new Proxy(new Error('shy'), {
      get() {
        throw new Error('do not look')
      },
      getPrototypeOf() {
        throw new Error('do not look')
      }
    })
}

/** Takes whatever it is given. */
export const configSchema = { '~standard': { version: 1, vendor: 'broken', validate: (value) => ({ value }) } }

/** `start throws null`: the deed `start`, and what it throws when it is that one's turn. */
export function thrower(fault = '') {
  const [, deed, how, what] = /^(\S+) (throws|rejects with) (.+)$/.exec(fault) ?? []
  return (name) => {
    if (name !== deed) return undefined
    if (how === 'throws') throw thrown[what]()
    return Promise.reject(thrown[what]())
  }
}

/** Holds up everything, as a plugin does that reckons or reads files. */
export function block(ms) {
  const endMs = performance.now() + ms
  while (performance.now() < endMs);
}
