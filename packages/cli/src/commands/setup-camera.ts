import { isStreamerError } from '@streamer/core'
import { buildHelper, inspectHelper } from '@streamer/source-libcamera'
import type { CommandLine } from '../arguments.js'
import { untilInterrupted } from '../camera-tools.js'
import { colours } from '../colours.js'
import { print } from '../listing.js'
import { warnOnStderr } from '../load.js'

/** `streamer setup-camera`: builds the helper for the libcamera of this machine. */
export async function setupCamera(line: CommandLine): Promise<number> {
  if (process.getuid?.() === 0 && process.env.SUDO_USER)
    warnOnStderr([`this is for root; ${process.env.SUDO_USER} needs it without sudo`])
  return untilInterrupted(async (signal) => {
    const { path, toolchain } = await inspectHelper({ signal })
    if (path !== undefined && !line.switches.has('force')) {
      print([`The camera helper is built already: ${path}`, hint('--force builds it again.')])
      return 0
    }
    const { libcamera, compiler, missing } = toolchain
    if (missing.length === 0)
      print([`Building the camera helper for libcamera ${libcamera} with ${compiler.join(' ')}; up to a minute…`])
    const startedAtMs = performance.now()
    const built = await buildHelper({ signal }).catch((error: unknown) => {
      showOutput(error)
      throw error
    })
    const seconds = Math.max(1, Math.round((performance.now() - startedAtMs) / 1000))
    print([`Built in ${seconds} s: ${built.path}`, hint('`streamer cameras` lists the cameras.')])
    return 0
  })
}

function hint(text: string): string {
  return colours(process.stdout).dim(text)
}

/** The last lines of the compiler. */
function showOutput(error: unknown): void {
  if (!isStreamerError(error) || !(error.cause instanceof Error)) return
  process.stderr.write(`${colours(process.stderr).dim(error.cause.message)}\n`)
}
