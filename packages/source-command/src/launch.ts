import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { StreamerError } from '@streamer/core/plugin'
import type { CommandOptions } from './config.js'

/** What to hand to `spawn`. */
export interface Launch {
  readonly file: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  /** Whether a guard comes with it, which wants the reading end of a pipe as descriptor 3. */
  readonly guarded: boolean
  /** The command as messages name it: the program in quotes, or `the shell command`, since a line for a shell may hold passwords. */
  readonly label: string
  /** All of it, for the log at level `debug` only, and not without `withoutSecrets`. */
  readonly line: string
}

/** Where every system that follows POSIX (and Linux in practice) has its shell. */
export const shellPath = '/bin/sh'

/** What `execvp` looks through when there is no PATH. */
const defaultPath = '/usr/local/bin:/usr/bin:/bin'

/**
 * Runs the command in this process, after leaving a guard behind in its process group: a subshell that waits for the end of
 * descriptor 3, whose other end only we hold. When we are gone, however that came about, it kills the whole group, itself
 * included. It is there before the command, so there is no moment without it. While it lives, the number of the
 * group cannot be given to other processes, so signals to the group never hit a stranger.
 *
 * The inner parentheses make it nobody's child, so that a command that waits for all its children does not wait for it.
 */
export const guardScript =
  '( ( trap \'\' HUP INT QUIT TERM; read -r _ <&3; kill -s KILL 0 ) </dev/null >/dev/null 2>&1 & ); exec "$@" 3<&-'

/**
 * Looks the command up and says how to start it.
 * @throws StreamerError `ERR_SOURCE_NOT_FOUND` when the program or the folder does not exist or may not be used.
 */
export async function planLaunch(options: CommandOptions, baseDir: string): Promise<Launch> {
  const cwd = resolve(baseDir, options.cwd)
  const env = { ...process.env, ...options.env }
  if (!(await isFolder(cwd))) {
    throw new StreamerError('ERR_SOURCE_NOT_FOUND', `source-command: cannot run in "${cwd}": no such folder`)
  }
  const command = options.command ?? [shellPath, '-c', options.shell ?? '']
  const [file = '', ...args] = command
  await checkProgram(file, cwd, env.PATH ?? defaultPath)
  const label = options.shell === undefined ? `"${file}"` : 'the shell command'
  const line = options.shell ?? command.join(' ')
  if ((await canRun(shellPath)) !== 'yes') return { file, args, cwd, env, guarded: false, label, line }
  const guardedArgs = ['-c', guardScript, 'streamer-guard', ...command]
  return { file: shellPath, args: guardedArgs, cwd, env, guarded: true, label, line }
}

async function checkProgram(file: string, cwd: string, path: string): Promise<void> {
  const candidates = file.includes('/')
    ? [resolve(cwd, file)]
    : path.split(delimiter).map((folder) => join(resolve(cwd, folder), file))
  let refused: string | undefined
  for (const candidate of candidates) {
    const answer = await canRun(candidate)
    if (answer === 'yes') return
    if (answer === 'no') refused ??= candidate
  }
  const reason = refused ? `${refused} is not an executable file` : 'no such program'
  throw new StreamerError('ERR_SOURCE_NOT_FOUND', `source-command: cannot run "${file}": ${reason}`)
}

async function canRun(file: string): Promise<'yes' | 'no' | 'absent'> {
  try {
    if (!(await stat(file)).isFile()) return 'no'
  } catch (error) {
    return (error as { code?: string }).code === 'EACCES' ? 'no' : 'absent'
  }
  try {
    await access(file, constants.X_OK)
    return 'yes'
  } catch {
    return 'no'
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false
  }
}
