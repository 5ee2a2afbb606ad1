import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { StreamerError } from '@streamer/core/plugin'

/** What is to run, and for whom. */
export interface Program {
  /** Whose it is, with which every message begins: `source-command`. */
  readonly part: string
  /** The program (looked up in PATH when it has no `/` in it) and its arguments; or a line for `/bin/sh`. */
  readonly command: readonly string[] | string
  /** Absolute path of the folder it runs in. */
  readonly cwd: string
  /** Environment variables besides our own. */
  readonly env?: Readonly<Record<string, string>>
}

/** A program that has been found, for `CommandProcess`. It may be started several times. */
export interface Launch {
  readonly part: string
  readonly file: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  /** Whether it gets a guard that ends it when we are gone; not where there is no `/bin/sh`, see `unguardedText`. */
  readonly guarded: boolean
  /** The command as messages name it: the program in quotes, or `the shell command`, since a line for a shell may hold passwords. */
  readonly label: string
  /** All of it, for the log at level `debug` only, and not without `withoutSecrets`. */
  readonly line: string
}

/** For the log, where there is no guard. */
export const unguardedText = 'there is no /bin/sh, so the command stays behind if this program is killed'

/** Where every system that follows POSIX (and Linux in practice) has its shell. */
export const shellPath = '/bin/sh'

/** What `execvp` looks through when there is no PATH. */
const defaultPath = '/usr/local/bin:/usr/bin:/bin'

/**
 * A line for `/bin/sh` that runs the command in its own process, after leaving a guard behind in its process group: a subshell that
 * waits for the end of a pipe, whose other end only we hold. When we are gone, however that came about, it kills the whole group,
 * itself included. It is there before the command, so there is no moment without it. While it lives, the number of the
 * group cannot be given to other processes, so signals to the group never hit a stranger.
 *
 * The inner parentheses make it nobody's child, so that a command that waits for all its children does not wait for it.
 *
 * @param descriptor of the pipe; those from 3 to the one before it are the command's alone. At most 9: dash knows no other.
 */
export function guardScript(descriptor: number): string {
  const others = Array.from({ length: descriptor - 3 }, (_, i) => ` ${i + 3}>&-`).join('')
  const guard = `trap '' HUP INT QUIT TERM; read -r _ <&${descriptor}; kill -s KILL 0`
  return `( ( ${guard} ) </dev/null >/dev/null 2>&1${others} & ); exec "$@" ${descriptor}<&-`
}

/**
 * Looks the program up and says how to start it.
 * @throws StreamerError `ERR_SOURCE_NOT_FOUND` when the program or the folder does not exist or may not be used.
 */
export async function planLaunch(program: Program): Promise<Launch> {
  const { part, command, cwd } = program
  const env = { ...process.env, ...program.env }
  if (!(await isFolder(cwd))) {
    throw new StreamerError('ERR_SOURCE_NOT_FOUND', `${part}: cannot run in "${cwd}": no such folder`)
  }
  const isLine = typeof command === 'string'
  const [file = '', ...args] = isLine ? [shellPath, '-c', command] : command
  const reason = await whyNot(file, cwd, env.PATH ?? defaultPath)
  if (reason) throw new StreamerError('ERR_SOURCE_NOT_FOUND', `${part}: cannot run "${file}": ${reason}`)
  const label = isLine ? 'the shell command' : `"${file}"`
  const line = isLine ? command : command.join(' ')
  return { part, file, args, cwd, env, guarded: (await canRun(shellPath)) === 'yes', label, line }
}

/** Why there is no such program, or undefined when there is. */
async function whyNot(file: string, cwd: string, path: string): Promise<string | undefined> {
  const candidates = file.includes('/')
    ? [resolve(cwd, file)]
    : path.split(delimiter).map((folder) => join(resolve(cwd, folder), file))
  let refused: string | undefined
  for (const candidate of candidates) {
    const answer = await canRun(candidate)
    if (answer === 'yes') return undefined
    if (answer === 'no') refused ??= candidate
  }
  return refused ? `${refused} is not an executable file` : 'no such program'
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
