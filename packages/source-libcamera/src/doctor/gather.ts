import { userInfo } from 'node:os'
import { isStreamerError, type Logger, messageOf } from '@streamer/core/plugin'
import { inspectHelper, installText } from '../build/index.js'
import { runProgram } from '../build/run-program.js'
import { findProgram } from '../build/toolchain.js'
import { type CameraInfo, type CameraList, listCameras } from '../list-cameras.js'
import {
  type CaptureFact,
  type Facts,
  type FailureFact,
  type HelperFacts,
  isRaspberryPi,
  type PortWish
} from './facts.js'
import { type Ask, freeBytes, readBootConfig, readCma, readGroups, readModel, readThrottled } from './machine.js'
import { readPorts } from './ports.js'
import { readDevices, readOpenFiles } from './processes.js'

/** Takes a few frames of a camera; rejects when that fails. */
export type TryCapture = (
  camera: CameraInfo,
  helper: readonly string[],
  signal: AbortSignal | undefined
) => Promise<void>

export interface GatherOptions {
  readonly logger: Logger
  readonly signal?: AbortSignal | undefined
  /** The configuration has a camera of libcamera's. Default: true. */
  readonly wantsCamera?: boolean
  /** Why the configuration cannot be used. */
  readonly configuration?: string | undefined
  /** Where the configured transports listen. */
  readonly ports?: readonly PortWish[]
  /** A program in place of the helper that was built. */
  readonly helper?: readonly string[] | undefined
  readonly rpicam?: string | undefined
  /** Default: no frames are taken. */
  readonly tryCapture?: TryCapture | undefined
  readonly env?: NodeJS.ProcessEnv
  /** Folder that stands for `/`. Default: `/`. */
  readonly root?: string
  /** Folder with the helper's C++ files. Default: those of this package. */
  readonly sources?: string
  /** In place of our own, for tests. */
  readonly list?: typeof listCameras
  /** In place of running programs, for tests. */
  readonly ask?: Ask
}

const askLimitMs = 3000

/**
 * Looks at everything that a diagnosis needs. Changes nothing and builds nothing; takes some seconds when a camera hangs.
 * @throws the reason of `signal`.
 */
export async function gatherFacts(options: GatherOptions): Promise<Facts> {
  const { root = '/', env = process.env, signal, ports = [], wantsCamera = true, ask = askProgram } = options
  const user = userInfo()
  const isRoot = user.uid === 0
  const [model, groups, { helper, folder }, rpicam, openFiles] = await Promise.all([
    readModel(root),
    readGroups(root, user.username),
    helperFacts(options),
    findRpicam(options.rpicam, env),
    readOpenFiles(root)
  ])
  signal?.throwIfAborted()
  const isPi = isRaspberryPi({ model })
  const listing = await listingFacts(options)
  const isInUse = openFiles.holders.some(({ isUsing }) => isUsing)
  return {
    nodeVersion: process.versions.node,
    model,
    user: {
      name: user.username,
      isRoot,
      groups: (process.getgroups?.() ?? []).map((id) => groups.names.get(id) ?? String(id)),
      nextGroups: groups.next
    },
    wantsCamera,
    configuration: options.configuration,
    helper,
    rpicam,
    listing,
    devices: await readDevices(root, groups.names),
    holders: openFiles.holders,
    hiddenProcesses: openFiles.hidden,
    capture: await captureFacts(options, helper, listing, isInUse),
    bootConfig: isPi ? await readBootConfig(root) : undefined,
    ports: await readPorts(root, ports, isRoot, openFiles.sockets),
    throttled: isPi ? await readThrottled(root, ask) : undefined,
    cache: { folder, freeBytes: await freeBytes(folder) },
    cma: isPi ? await readCma(root) : undefined
  }
}

async function helperFacts(options: GatherOptions): Promise<{ helper: HelperFacts; folder: string }> {
  const { env = process.env, root = '/', sources, signal, helper: configured } = options
  const state = await inspectHelper({ env, root, signal, ...(sources !== undefined && { sources }) })
  const { missing, libcamera } = state.toolchain
  return {
    folder: state.folder,
    helper: {
      path: configured?.[0] ?? state.path,
      isConfigured: configured !== undefined,
      missing,
      install: missing.length > 0 ? await installText(missing, root) : '',
      libcamera,
      failed: state.failed
    }
  }
}

async function findRpicam(configured: string | undefined, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const name of configured === undefined ? ['rpicam-vid', 'libcamera-vid'] : [configured]) {
    const path = await findProgram(name, env)
    if (path !== undefined) return path
  }
  return undefined
}

async function listingFacts(options: GatherOptions): Promise<Facts['listing']> {
  const { logger, signal, helper, rpicam, list = listCameras } = options
  try {
    return { list: await list({ logger, signal, helper, rpicam, build: false }) }
  } catch (error) {
    signal?.throwIfAborted()
    return { failure: failureOf(error) }
  }
}

async function captureFacts(
  { tryCapture, helper: configured, signal }: GatherOptions,
  helper: HelperFacts,
  listing: Facts['listing'],
  isInUse: boolean
): Promise<CaptureFact> {
  const list: CameraList | undefined = 'list' in listing ? listing.list : undefined
  const [camera] = list?.cameras ?? []
  if (!camera) return { state: 'skipped', why: 'no camera' }
  if (isInUse) return { state: 'skipped', why: 'in use' }
  const command = configured ?? (helper.path === undefined ? undefined : [helper.path])
  if (!tryCapture || !command || list?.backEnd !== 'helper') return { state: 'skipped', why: 'no way to' }
  try {
    await tryCapture(camera, command, signal)
    return { state: 'ok', camera: camera.id }
  } catch (error) {
    signal?.throwIfAborted()
    return { state: 'failed', camera: camera.id, ...failureOf(error) }
  }
}

function failureOf(error: unknown): FailureFact {
  return { code: isStreamerError(error) ? error.code : 'ERR_CAMERA_FAILED', message: messageOf(error) }
}

async function askProgram(command: readonly string[]): Promise<string | undefined> {
  const { exitCode, stdout } = await runProgram(command, { timeLimitMs: askLimitMs })
  return exitCode === 0 ? stdout : undefined
}
