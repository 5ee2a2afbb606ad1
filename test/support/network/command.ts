import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

/** Debian's packages of the programs that networks are made with. */
const packages: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  tc: 'iproute2',
  nft: 'nftables',
  conntrack: 'conntrack',
  setpriv: 'util-linux'
}

/**
 * Runs a program to its end.
 * @param command the program and its arguments. @param input what it reads. Default: nothing.
 * @returns what it printed. @throws Error with what it said when it does not end well, and with its Debian package when it is missing.
 */
export async function runCommand(command: readonly string[], input = ''): Promise<string> {
  const [program = '', ...args] = command
  const child = spawn(program, args, { stdio: 'pipe' })
  // One that ends without reading is not at fault.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  try {
    const [output, complaints, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
    if (code === 0) return output
    throw new Error(`${command.join(' ')} ended with ${code}: ${complaints.trim()}\n${input}${advice(complaints)}`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new Error(`there is no ${program} here; ${installs(program)}`, { cause: error })
  }
}

/** `ip netns exec` says it in its own words. */
function advice(complaints: string): string {
  const missing = /exec of "(\w+)" failed: No such file/.exec(complaints)?.[1]
  return missing === undefined ? '' : installs(missing)
}

function installs(program: string): string {
  return `apt-get install ${packages[program] ?? program}`
}
