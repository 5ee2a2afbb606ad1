import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Does what `command` says for `version`, and tells it is none of the real ones. */
export const standInHelper = (version: string) => `#!/bin/sh
# A stand-in for the camera helper.
test "$1" = version && { ${version}; exit; }
exit 64
`

const goodVersion = `echo '{"libcamera":"9.8.7","protocol":1}'`

/**
 * A folder with stand-ins for compiler and pkg-config, sources and an empty cache: nothing of the machine's own tools is needed or used.
 * Each run of a stand-in leaves a line in `log`.
 */
export class StandInTools {
  readonly env: Record<string, string>
  readonly sources: string
  readonly cache: string
  readonly #log: string

  private constructor(readonly folder: string) {
    this.sources = join(folder, 'sources')
    this.cache = join(folder, 'cache')
    this.#log = join(folder, 'log')
    this.env = {
      PATH: `${join(folder, 'bin')}:/usr/bin:/bin`,
      CXX: join(folder, 'bin/stand-in-compiler'),
      PKG_CONFIG: join(folder, 'bin/stand-in-pkg-config'),
      STREAMER_CACHE_DIR: this.cache
    }
  }

  static async create(): Promise<StandInTools> {
    const tools = new StandInTools(await mkdtemp(join(tmpdir(), 'streamer-build-')))
    await mkdir(join(tools.folder, 'bin'))
    await mkdir(tools.sources)
    await mkdir(join(tools.folder, 'etc'))
    await writeFile(join(tools.folder, 'etc/debian_version'), '13.1\n')
    await writeFile(join(tools.sources, 'main.cpp'), '// A stand-in for the sources.\n')
    await tools.installCompiler()
    await tools.installLibraries({ libcamera: '9.8.7', libjpeg: '2.1.5' })
    return tools
  }

  /** @param version what the helpers that it makes do when they are asked for their version, as a line for a shell. */
  async installCompiler(version = goodVersion): Promise<void> {
    const helper = join(this.folder, 'helper-to-make')
    await writeFile(helper, standInHelper(version))
    await this.script(
      'stand-in-compiler',
      `while [ $# -gt 0 ]; do test "$1" = -o && out=$2; shift; done
cat '${helper}' > "$out" && chmod 755 "$out"`
    )
  }

  /** A compiler that does something else. */
  async installOtherCompiler(script: string): Promise<void> {
    await this.script('stand-in-compiler', script)
  }

  /** @param versions of the libraries whose development files are there. */
  async installLibraries(versions: Readonly<Record<string, string>>): Promise<void> {
    const cases = Object.entries(versions).map(([name, version]) => `"--modversion ${name}") echo '${version}'; exit;;`)
    const { libcamera, libjpeg } = versions
    if (libcamera && libjpeg)
      cases.push(`"--modversion libcamera libjpeg") echo '${libcamera}'; echo '${libjpeg}'; exit;;`)
    await this.script(
      'stand-in-pkg-config',
      `case "$*" in ${cases.join(' ')}
"--cflags --libs libcamera libjpeg") echo '-I/with\\ blank -lcamera -ljpeg'; exit;;
esac
echo "Package was not found" >&2; exit 1`
    )
  }

  async remove(...names: string[]): Promise<void> {
    for (const name of names) await rm(join(this.folder, 'bin', name), { force: true })
  }

  /** Puts a script into the `PATH`; its command line is logged. */
  async script(name: string, text: string): Promise<string> {
    const path = join(this.folder, 'bin', name)
    await writeFile(path, `#!/bin/sh\n# A stand-in.\necho "${name} $*" >> '${this.#log}'\n${text}\n`)
    await chmod(path, 0o755)
    return path
  }

  /** Command lines of the stand-ins that were run. */
  async calls(name: string): Promise<string[]> {
    const text = await readFile(this.#log, 'utf8').catch(() => '')
    return text.split('\n').filter((line) => line.startsWith(`${name} `))
  }

  async dispose(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}
