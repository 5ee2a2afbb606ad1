import type { Requirement } from '../build/index.js'
import type { CameraList } from '../list-cameras.js'

/** A failure as far as it matters here. */
export interface FailureFact {
  readonly code: string
  readonly message: string
}

/** The camera helper and what there is to build it with. */
export interface HelperFacts {
  /** The program that is run; undefined when there is none. */
  readonly path: string | undefined
  /** It was named in the configuration, so that nothing needs to be built. */
  readonly isConfigured: boolean
  readonly missing: readonly Requirement[]
  /** What installs that: a command, or words. */
  readonly install: string
  /** Version of the installed libcamera, as pkg-config tells it. */
  readonly libcamera: string | undefined
  /** Why the last build failed. */
  readonly failed: string | undefined
}

/** A device file that a camera may need. */
export interface DeviceNode {
  /** `/dev/media0` */
  readonly path: string
  /** This user may read and write it. */
  readonly isAccessible: boolean
  /** The group that it belongs to. */
  readonly group: string | undefined
}

/** A process, as far as this user may know it. */
export interface ProcessFact {
  readonly pid: number
  /** `rpicam-vid` */
  readonly name: string
  /** Its command line, without secrets. */
  readonly command: string
}

/** A process that has cameras open. */
export interface DeviceHolder extends ProcessFact {
  readonly devices: readonly string[]
  /** It has taken a camera for itself, as programs on libcamera do while they use one. Others may have devices open without using them. */
  readonly isUsing: boolean
}

/** A few frames that were taken to see whether the camera gives any. */
export type CaptureFact =
  | { readonly state: 'ok'; readonly camera: string }
  | ({ readonly state: 'failed'; readonly camera: string } & FailureFact)
  | { readonly state: 'skipped'; readonly why: 'no camera' | 'in use' | 'no way to' }

/** Where a transport listens, or is to listen. */
export interface PortWish {
  /** Of the transport. */
  readonly name: string
  readonly protocol: 'tcp' | 'udp'
  readonly host: string
  readonly port: number
}

export interface PortFact extends PortWish {
  /** `unknown` where the system does not tell. */
  readonly state: 'free' | 'taken' | 'privileged' | 'unknown'
  /** Who has it, if this user may know. */
  readonly by: ProcessFact | undefined
}

/** What `config.txt` of a Raspberry Pi says about cameras. */
export interface BootConfig {
  /** `/boot/firmware/config.txt` */
  readonly path: string
  /** `camera_auto_detect` */
  readonly autoDetect: boolean
  /** Overlays that are about cameras: `imx219`. */
  readonly overlays: readonly string[]
  /** `start_x=1`, of the camera system before libcamera. */
  readonly isLegacy: boolean
}

/** Everything that a diagnosis is made of. */
export interface Facts {
  /** Of Node, without a `v`. */
  readonly nodeVersion: string
  /** What the machine calls itself: `Raspberry Pi 5 Model B Rev 1.0`. */
  readonly model: string | undefined
  readonly user: {
    readonly name: string
    readonly isRoot: boolean
    /** In force in this process. */
    readonly groups: readonly string[]
    /** Those that the next login will give. */
    readonly nextGroups: readonly string[]
  }
  /** The configuration has a camera of libcamera's; without one, what is wrong with cameras is no problem. */
  readonly wantsCamera: boolean
  /** Why the configuration cannot be used. */
  readonly configuration: string | undefined
  readonly helper: HelperFacts
  /** Path of rpicam-vid or libcamera-vid. */
  readonly rpicam: string | undefined
  readonly listing: { readonly list: CameraList } | { readonly failure: FailureFact }
  readonly devices: readonly DeviceNode[]
  readonly holders: readonly DeviceHolder[]
  /** Processes of others, whose open files this user may not see. */
  readonly hiddenProcesses: number
  readonly capture: CaptureFact
  /** Undefined on other machines, and where there is none. */
  readonly bootConfig: BootConfig | undefined
  readonly ports: readonly PortFact[]
  /** Bits as `vcgencmd get_throttled` has them. */
  readonly throttled: number | undefined
  readonly cache: { readonly folder: string; readonly freeBytes: number | undefined }
  /** Memory that the camera of a Raspberry Pi takes its buffers from. */
  readonly cma: { readonly totalBytes: number; readonly freeBytes: number } | undefined
}

/** One thing that was looked at. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'problem'
  /** Two words at most: `permission`. */
  readonly subject: string
  readonly message: string
  /** What helps: a sentence, or a command to copy. */
  readonly remedy?: string
}

/** Whether it is a Raspberry Pi. */
export function isRaspberryPi({ model }: Pick<Facts, 'model'>): boolean {
  return model?.includes('Raspberry Pi') === true
}
