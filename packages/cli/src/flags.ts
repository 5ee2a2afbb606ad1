import type { SettingName } from '@streamer/core'

/** A setting that can be said on the command line and in the environment. */
export interface Flag {
  /** In the configuration's settings; `config` names the file itself. */
  readonly name: SettingName | 'config'
  /** Without the dashes. */
  readonly flag: string
  /** How its text is read. A `number` that is none stays text, and the schema says what is allowed. */
  readonly type: 'text' | 'number' | 'list' | 'path'
  /** What stands for the value in messages: `--width <pixels>`. */
  readonly value: string
  readonly describe: string
  readonly group: string
}

const camera = 'Camera:'
const network = 'Network:'
const general = 'General:'

/** Every flag of `start`; the environment has the same ones as `STREAMER_*`. */
export const flags: readonly Flag[] = [
  {
    name: 'config',
    flag: 'config',
    type: 'text',
    value: 'file',
    describe: 'Configuration file [default: .streamerrc and its like in this folder]',
    group: general
  },
  {
    name: 'source',
    flag: 'source',
    type: 'text',
    value: 'plugin',
    describe: 'auto, libcamera, fake, command, a package or a path [default: auto]',
    group: camera
  },
  {
    name: 'width',
    flag: 'width',
    type: 'number',
    value: 'pixels',
    describe: 'Width in pixels, for a source that can choose [default: 640]',
    group: camera
  },
  {
    name: 'height',
    flag: 'height',
    type: 'number',
    value: 'pixels',
    describe: 'Height in pixels, for a source that can choose [default: 480]',
    group: camera
  },
  {
    name: 'framerate',
    flag: 'framerate',
    type: 'number',
    value: 'fps',
    describe: 'Frames per second, for a source that can choose [default: 30]',
    group: camera
  },
  {
    name: 'quality',
    flag: 'quality',
    type: 'number',
    value: '1-100',
    describe: 'JPEG quality, 1 to 100 [default: 80]',
    group: camera
  },
  {
    name: 'linger',
    flag: 'linger',
    type: 'number',
    value: 'seconds|always',
    describe: 'Seconds the camera runs on after its last viewer, or always [default: 15]',
    group: camera
  },
  {
    name: 'transport',
    flag: 'transport',
    type: 'list',
    value: 'plugins',
    describe: 'http, tcp, udp, …; repeat it or use commas [default: all three]',
    group: network
  },
  {
    name: 'host',
    flag: 'host',
    type: 'text',
    value: 'address',
    describe: 'Address that every transport listens on [default: all interfaces]',
    group: network
  },
  {
    name: 'httpPort',
    flag: 'http-port',
    type: 'number',
    value: 'port',
    describe: 'Port of HTTP; 0 takes a free one [default: 8080]',
    group: network
  },
  {
    name: 'tcpPort',
    flag: 'tcp-port',
    type: 'number',
    value: 'port',
    describe: 'Port of TCP [default: 8888]',
    group: network
  },
  {
    name: 'udpPort',
    flag: 'udp-port',
    type: 'number',
    value: 'port',
    describe: 'Port of UDP [default: 9999]',
    group: network
  },
  {
    name: 'logLevel',
    flag: 'log-level',
    type: 'text',
    value: 'level',
    describe: 'error, warn, info or debug [default: info]',
    group: general
  },
  {
    name: 'logFile',
    flag: 'log-file',
    type: 'path',
    value: 'file',
    describe: 'A file to log to as well',
    group: general
  },
  {
    name: 'logFormat',
    flag: 'log-format',
    type: 'text',
    value: 'pretty|json',
    describe: 'Log lines for people or for programs [default: pretty]',
    group: general
  }
]

/** `http-port` is `STREAMER_HTTP_PORT`. */
export function variableOf({ flag }: Flag): string {
  return `STREAMER_${flag.toUpperCase().replaceAll('-', '_')}`
}
