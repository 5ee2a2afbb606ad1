import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { RunningProgram, run, userEnvironment } from './programs.js'
import type { StandInRegistry } from './registry.js'

/** A folder outside of this repository, as a user has one. `dispose` leaves nothing behind. */
export class OutsideFolder {
  readonly #running: RunningProgram[] = []
  readonly #env: NodeJS.ProcessEnv

  private constructor(
    readonly path: string,
    node: string
  ) {
    this.#env = userEnvironment(node)
  }

  /** @param node absolute path of the binary that runs everything here, npm too. */
  static async create(registry: StandInRegistry, node: string): Promise<OutsideFolder> {
    const outside = new OutsideFolder(await mkdtemp(join(tmpdir(), 'streamer-outside-')), node)
    await outside.write('.npmrc', registry.npmrc)
    await outside.write('package.json', JSON.stringify({ private: true }))
    return outside
  }

  async write(file: string, text: string): Promise<void> {
    const path = join(this.path, file)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
  }

  /** Runs a command to its end. @returns what it printed. @throws with that when it fails. */
  run(command: string, args: readonly string[], folder = '.'): Promise<string> {
    return run(command, args, { cwd: join(this.path, folder), env: this.#env })
  }

  /** Starts `npx streamer`. */
  start(args: readonly string[] = []): RunningProgram {
    const running = new RunningProgram('npx', ['streamer', ...args], { cwd: this.path, env: this.#env })
    this.#running.push(running)
    return running
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#running.map((running) => running.dispose()))
    await rm(this.path, { recursive: true, force: true })
  }
}
