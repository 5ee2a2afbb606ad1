type Handler = (error: unknown) => void

let current: Handler | undefined

/**
 * Sets what happens to errors thrown outside of any call (in a timer, in a promise that nobody awaits); it takes the place of what was set before.
 * Without it Node would print a stack and end.
 */
export function onStrayError(handler: Handler): void {
  for (const event of ['uncaughtException', 'unhandledRejection']) {
    if (current) process.off(event, current)
    process.on(event, handler)
  }
  current = handler
}
