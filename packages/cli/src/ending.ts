/** How long the last lines may take to go out when `start` ends; nobody may be reading them. */
const flushLimitMs = 100

/** How the process ends. */
export interface Ending {
  readonly exitCode: number
  /** A call to the system is blocked, so that the process can end by this signal only. */
  readonly killedBy?: NodeJS.Signals
}

/**
 * Ends the process, whatever a plugin left behind (timers, sockets). What was printed goes out first.
 * @param limited a reader that takes nothing is not waited for.
 */
export async function endProcess({ exitCode, killedBy }: Ending, limited: boolean): Promise<void> {
  const flushed = Promise.all([process.stdout, process.stderr].map(flush))
  await (limited ? Promise.race([flushed, pause(flushLimitMs)]) : flushed)
  if (killedBy) dieBy(killedBy)
  process.exit(exitCode)
}

function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((done) => stream.write('', () => done()))
}

function pause(durationMs: number): Promise<void> {
  return new Promise((done) => setTimeout(done, durationMs))
}

/** Kinds of work in Node's thread pool that wait for something outside of the machine's memory: names, disks, named pipes. */
const poolWork = /^(FSReq|FileHandle|GetAddrInfo|GetNameInfo)/

/** Whether work in Node's thread pool is under way. `process.exit` would wait for it, for as long as it takes. */
export function isPoolBusy(): boolean {
  return process.getActiveResourcesInfo().some((kind) => poolWork.test(kind))
}

/** The same, for work that is not about to be done. */
export async function isPoolBlocked(): Promise<boolean> {
  if (!isPoolBusy()) return false
  await pause(50)
  return isPoolBusy()
}

/** Ends the process at once by the signal itself, without waiting for its threads. Returns where that cannot be: as the first process of a container. */
export function dieBy(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
}
