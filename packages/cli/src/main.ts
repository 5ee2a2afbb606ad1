import { type CommandLine, parseArguments } from './arguments.js'
import { type Ending, endProcess } from './ending.js'
import { onStrayError } from './last-resort.js'
import { exitOnSignal } from './signals.js'
import { keepHeapSmall } from './small-heap.js'

/**
 * Runs the command and ends the process with its exit code: 0 done or stopped by a signal, 1 failed, 2 the command line or the configuration is
 * wrong, 130 interrupted in a question.
 * @param argv without the interpreter and the script.
 */
export async function main(argv: readonly string[]): Promise<void> {
  keepHeapSmall()
  // A reader that goes away (`streamer config | head -1`) is no reason to crash.
  process.stdout.on('error', () => {})
  process.stderr.on('error', () => {})
  let line: CommandLine | undefined
  const failed = async (error: unknown): Promise<Ending> => {
    const { reportFailure } = await import('./failures.js')
    return { exitCode: reportFailure(error, line?.values['log-level']?.at(-1) ?? process.env.STREAMER_LOG_LEVEL) }
  }
  // What is printed for somebody waits for its reader; what ends by a signal must end.
  const end = (ending: Ending) => endProcess(ending, line?.command === 'start' || line?.command === 'watch')
  onStrayError((error) => void failed(error).then(end))
  try {
    line = await parseArguments(argv)
    await end(line ? await run(line) : { exitCode: 0 })
  } catch (error) {
    await end(await failed(error))
  }
}

/** Each command's code is loaded only when it is called for: `--help` needs none of it. */
async function run(line: CommandLine): Promise<Ending> {
  switch (line.command) {
    case 'start': {
      // Loading takes a while in which a signal must be heard, too.
      const nothingToStop = exitOnSignal()
      return (await import('./commands/start.js')).start(line, nothingToStop)
    }
    case 'watch':
      return (await import('./commands/watch.js')).watch(line)
    case 'init':
      return { exitCode: await (await import('./commands/init.js')).init(line) }
    case 'config':
      return { exitCode: await (await import('./commands/config.js')).config(line) }
    case 'schema':
      return { exitCode: await (await import('./commands/schema.js')).schema(line) }
    case 'plugins':
      return { exitCode: await (await import('./commands/plugins.js')).plugins(line) }
    case 'plugins check':
      return { exitCode: await (await import('./commands/check-plugin.js')).checkPlugin(line) }
    case 'create-plugin':
      return { exitCode: await (await import('./commands/create-plugin.js')).createPlugin(line) }
    case 'cameras':
      return { exitCode: await (await import('./commands/cameras.js')).cameras(line) }
    case 'doctor':
      return { exitCode: await (await import('./commands/doctor.js')).doctor(line) }
    case 'password':
      return { exitCode: await (await import('./commands/password.js')).password(line) }
    case 'link':
      return { exitCode: await (await import('./commands/link.js')).link(line) }
    case 'cert':
      return { exitCode: await (await import('./commands/cert.js')).cert(line) }
    case 'setup-camera':
      return { exitCode: await (await import('./commands/setup-camera.js')).setupCamera(line) }
  }
}
