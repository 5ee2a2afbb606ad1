import type { CommandLine } from '../arguments.js'
import { print } from '../listing.js'
import { askPassword } from '../questions.js'
import { UsageError } from '../usage-error.js'

/** Characters of standard input that are looked at: more is no password. */
const mostInput = 8192

/** `streamer password`: what to write into the configuration for a password. It is never on a command line, which everybody on the machine can read. */
export async function password(_: CommandLine): Promise<number> {
  const { hashPassword } = await import('@streamer/transport-http')
  const text = process.stdin.isTTY === true ? await askPassword() : await readLine()
  try {
    print([await hashPassword(text)])
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message)
    throw error
  }
  return 0
}

/** Standard input without the line break at its end. */
async function readLine(): Promise<string> {
  let text = ''
  process.stdin.setEncoding('utf8')
  for await (const more of process.stdin) {
    text += more
    if (text.length > mostInput) throw new UsageError('the password is too long')
  }
  const line = text.replace(/\r?\n$/, '')
  if (/[\r\n]/.test(line)) throw new UsageError('standard input has more than one line; a password is one')
  return line
}
