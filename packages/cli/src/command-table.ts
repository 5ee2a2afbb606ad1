import { type Flag, flags } from './flags.js'

/** What the command can be told to do; one below another has the words of both. */
export type CommandName =
  | 'start'
  | 'watch'
  | 'init'
  | 'config'
  | 'schema'
  | 'plugins'
  | 'plugins check'
  | 'create-plugin'
  | 'cameras'
  | 'doctor'
  | 'setup-camera'
  | 'password'
  | 'link'
  | 'cert'

/** A word behind a command. */
export interface Operand {
  readonly name: string
  readonly describe: string
}

/** One command with what may stand behind it. */
export interface Command {
  /** One below another has both words. */
  readonly name: CommandName
  readonly describe: string
  readonly operands?: readonly Operand[]
  readonly flags: ReadonlyArray<Pick<Flag, 'flag' | 'value' | 'describe' | 'group'>>
  readonly switches: Readonly<Record<string, string>>
  /** Command lines without the name of the program, and what they are good for. */
  readonly examples?: ReadonlyArray<readonly [string, string]>
}

const frames = 'Frames:'
const network = 'Network:'

/** What `watch` can be told. */
const watchFlags: Command['flags'] = [
  { flag: 'serve', value: 'port', describe: 'Show it in a browser, on this port (or address:port)', group: frames },
  {
    flag: 'output',
    value: 'folder/, file or -',
    describe: 'Write frames: a JPEG each into a folder, all into a file, or to standard output',
    group: frames
  },
  { flag: 'duration', value: 'time', describe: 'End after this time: 10s, 500ms, 2m', group: frames },
  { flag: 'frames', value: 'count', describe: 'End after so many frames', group: frames },
  {
    flag: 'delay',
    value: 'time',
    describe: 'Show each frame this long after its capture, evenly: 100ms',
    group: network
  },
  { flag: 'key', value: 'secret', describe: 'The key that the server asks for; better in a file', group: network },
  { flag: 'key-file', value: 'file', describe: 'A file that holds the key', group: network },
  {
    flag: 'key-name',
    value: 'name',
    describe: 'Which of the keys it is, where the server has several',
    group: network
  },
  { flag: 'ca', value: 'file', describe: 'Certificate to trust with tcps:// and https://, in PEM', group: network }
]

const configFlag = flags.filter(({ name }) => name === 'config')

/** Every command, in the order of `--help`. */
export const commands: readonly Command[] = [
  { name: 'start', describe: 'Serve the camera; what happens without a command', flags, switches: {} },
  {
    name: 'watch',
    describe: 'Receive a stream and tell how it goes; show it, or write it to files',
    operands: [{ name: 'url', describe: 'http(s)://…/stream.mjpg, tcp(s)://… or udp://…, as the server prints it' }],
    flags: watchFlags,
    switches: {
      json: 'For programs: an object each second, and one at the end',
      force: 'Write over what is there',
      insecure: 'Trust any certificate'
    },
    examples: [
      ['watch udp://pi:9999', 'rate, losses and age, each second'],
      ['watch tcp://pi:8888 --output frames/ --frames 9', 'nine pictures'],
      ['watch udp://pi:9999 --serve 8090', 'in a browser of this machine'],
      ['watch tcp://pi:8888 --output - | ffplay -', 'for another program']
    ]
  },
  {
    name: 'init',
    describe: 'Ask a few questions and write a commented .streamerrc',
    flags: configFlag.map((flag) => ({ ...flag, describe: 'The file to write [default: .streamerrc]' })),
    switches: {
      yes: 'Ask nothing, take the defaults',
      force: 'Write over a file that is there'
    }
  },
  {
    name: 'config',
    describe: 'Show what is in force and where each value came from',
    flags,
    switches: { json: 'For programs' }
  },
  {
    name: 'schema',
    describe: 'Print the JSON Schema of the configuration, for editors',
    flags: configFlag,
    switches: {}
  },
  {
    name: 'plugins',
    describe: 'List the plugins: where from, version, what they support, options',
    flags,
    switches: { json: 'For programs' },
    examples: [
      ['plugins', 'those that come with Streamer, and those of .streamerrc'],
      ['plugins check ./my-transport', 'what is wrong with a plugin']
    ]
  },
  {
    name: 'plugins check',
    describe: 'Say everything that is wrong with a plugin',
    operands: [{ name: 'path', describe: 'Its folder, its file, or the name of its package' }],
    flags: [],
    switches: { json: 'For programs' },
    examples: [
      ['plugins check .', 'the plugin of this folder'],
      ['plugins check ./dist/index.js', 'a file'],
      ['plugins check streamer-transport-lines', 'a package that is installed here']
    ]
  },
  {
    name: 'create-plugin',
    describe: 'Write a new plugin: a package that works, with tests',
    operands: [
      { name: 'kind', describe: 'transport (carries frames to clients), source (makes them) or encoder' },
      { name: 'name', describe: 'What will stand behind `use:` in .streamerrc' }
    ],
    flags: [
      {
        flag: 'folder',
        value: 'folder',
        describe: 'Where to write it [default: streamer-<kind>-<name>]',
        group: 'General:'
      }
    ],
    switches: { force: 'Also into a folder that is not empty; files of the same names are replaced' },
    examples: [
      ['create-plugin transport lines', 'writes streamer-transport-lines'],
      ['create-plugin source clock --folder clock', 'writes it somewhere else']
    ]
  },
  {
    name: 'cameras',
    describe: 'List the cameras: id, model, sizes, and what can be set',
    flags: configFlag,
    switches: { json: 'For programs' },
    examples: [
      ['cameras', 'what there is, with the number that `camera` in .streamerrc wants'],
      ['cameras --json', 'the same for a program']
    ]
  },
  {
    name: 'doctor',
    describe: 'Look for what is wrong with camera, ports and power, and say what helps',
    flags,
    switches: { json: 'For programs' },
    examples: [
      ['doctor', 'everything, with a few frames of the first camera'],
      ['doctor --transport http --http-port 80', 'for a server that is started with these flags']
    ]
  },
  {
    name: 'setup-camera',
    describe: 'Build the program that drives the camera, for the libcamera of this machine',
    flags: [],
    switches: { force: 'Also when it is built already' },
    examples: [
      ['setup-camera', 'once, and by itself after an update of libcamera'],
      ['setup-camera --force', 'build it again']
    ]
  },
  {
    name: 'password',
    describe: 'Ask for a password and print what stands for it in the configuration',
    flags: [],
    switches: {},
    examples: [
      ['password', 'asks without showing it'],
      ['password < file', 'reads it from there']
    ]
  },
  {
    name: 'link',
    describe: 'Print addresses that let whoever has them watch for a while',
    flags: [
      ...configFlag,
      {
        flag: 'stream',
        value: 'name',
        describe: 'Pictures of this stream alone [default: all that may be watched]',
        group: 'Link:'
      },
      { flag: 'for', value: 'time', describe: 'How long: 30m, 24h, 7d [default: 24h]', group: 'Link:' },
      { flag: 'name', value: 'transport', describe: 'Which HTTP transport, where there are several', group: 'Link:' },
      {
        flag: 'url',
        value: 'address',
        describe: 'Where the server is, when it is not at its own address',
        group: 'Link:'
      }
    ],
    switches: {},
    examples: [
      ['link', 'for the page and all streams, for a day'],
      ['link --stream front --for 7d', 'for the pictures of one, for a week'],
      ['link --url https://camera.example/', 'through a proxy']
    ]
  },
  {
    name: 'cert',
    describe: 'Make a certificate of your own for HTTPS in the house',
    flags: [
      {
        flag: 'out',
        value: 'folder',
        describe: 'Where cert.pem and key.pem go [default: this folder]',
        group: 'Certificate:'
      },
      {
        flag: 'also-for',
        value: 'name',
        describe: 'A further name or address of this machine; may be repeated',
        group: 'Certificate:'
      }
    ],
    switches: { force: 'Also when there is one already' },
    examples: [
      ['cert', 'for the name and the addresses that this machine has'],
      ['cert --out tls --also-for camera.example', 'in a folder, for one name more']
    ]
  }
]
