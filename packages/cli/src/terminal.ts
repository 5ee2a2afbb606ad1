interface WithHandle {
  readonly _handle?: { setBlocking?(isBlocking: boolean): unknown } | null
}

/**
 * Lets writes to a terminal wait in memory. Node makes them wait in the system call, so that Ctrl-S, a selection held with the mouse or a
 * connection that hangs would hold the whole program. Node has no public way to say this; where the private one is missing, nothing changes.
 */
export function writeWithoutWaiting(stream: NodeJS.WriteStream): void {
  if (stream.isTTY !== true) return
  const handle = (stream as WithHandle)._handle
  handle?.setBlocking?.(false)
  // Where the terminal could not be opened anew, its flags are shared with the shell that comes after us.
  process.once('exit', () => handle?.setBlocking?.(true))
}
