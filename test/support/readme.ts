import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RunningCommand } from '../../packages/cli/test/run-command.js'
import { type Example, examplesOf, root } from './documents.js'

/** Programs that an example needs besides Node. */
export const otherPrograms = ['ffmpeg', 'curl'] as const

/** The examples of the README that need other programs, or those that do not. Together they are all. */
export function readmeExamples(needsOthers: boolean): Example[] {
  return examplesOf('README.md').filter(
    ({ text }) => otherPrograms.some((program) => text.includes(program)) === needsOthers
  )
}

/** What an example calls its file, in its first line. */
export function fileNameOf({ text }: Example): string | undefined {
  return /^(?:#|\/\/) (\S+)\n/.exec(text)?.[1]
}

/** A folder as a reader of the README has it: our packages installed, the files of other examples beside. */
export class ReaderFolder {
  readonly #commands: RunningCommand[] = []

  private constructor(readonly path: string) {}

  static async create(): Promise<ReaderFolder> {
    const folder = new ReaderFolder(await mkdtemp(join(tmpdir(), 'streamer-readme-')))
    await symlink(join(root, 'node_modules'), join(folder.path, 'node_modules'))
    for (const example of examplesOf('README.md')) {
      const name = fileNameOf(example)
      if (name?.endsWith('.mjs')) await writeFile(join(folder.path, name), example.text)
    }
    return folder
  }

  /** Runs `streamer` here with this configuration, on free ports whatever it says. */
  async serve(configuration: string): Promise<{ base: string; command: RunningCommand }> {
    await writeFile(join(this.path, '.streamerrc'), configuration.replace('port: 7777', 'port: 0'))
    const ports = /^transports:/m.test(configuration)
      ? ['http', 'tcp', 'udp'].filter((use) => configuration.includes(`use: ${use}`))
      : ['http', 'tcp', 'udp']
    const command = new RunningCommand(
      this.path,
      ports.flatMap((use) => [`--${use}-port`, '0'])
    )
    this.#commands.push(command)
    const [, base = ''] = await command.output(/(http:\/\/localhost:\d+\/)/)
    return { base, command }
  }

  async remove(): Promise<void> {
    for (const { child, ended } of this.#commands) {
      child.kill('SIGTERM')
      await ended
    }
    await rm(this.path, { recursive: true })
  }
}

/** A picture of a stream of a running server. */
export async function snapshot(base: string, stream = ''): Promise<Buffer> {
  const answer = await fetch(`${base}${stream}snapshot.jpg`)
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`)
  return Buffer.from(await answer.arrayBuffer())
}
