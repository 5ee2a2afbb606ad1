/**
 * Programs that a plugin runs: looked up, started in a process group of their own, heard, and ended whole, also when we are killed.
 *
 * ```ts
 * import { CommandProcess, LineLog, planLaunch } from '@streamer/subprocess'
 *
 * const launch = await planLaunch({ part: 'example', command: ['uname', '-s'], cwd: process.cwd() })
 * const lines = new LineLog(logger)
 * const child = new CommandProcess(launch, {
 *   output: (chunk) => process.stdout.write(chunk),
 *   onError: (chunk) => lines.push(chunk),
 *   interruptTimeoutMs: 800,
 *   terminateTimeoutMs: 400,
 *   onEnd: ({ code }) => console.log(`ended with exit code ${code}`)
 * })
 * await child.start()
 * ```
 * @packageDocumentation
 */
export { type Launch, type Program, planLaunch, unguardedText } from './launch.js'
export { LineLog } from './lines.js'
export { openPipe, type PipeEnds } from './pipe.js'
export { CommandProcess, type Exit, killTimeoutMs, type Outlet, type ProcessOptions, type Taker } from './process.js'
