import { parse } from 'yaml'

/** What a new configuration file says. */
export interface Answers {
  readonly source:
    | { readonly use: 'auto' | 'fake'; readonly width: number; readonly height: number; readonly framerate: number }
    | { readonly use: 'command'; readonly command: readonly string[] }
  readonly transports: readonly string[]
}

/** What a file says when nobody was asked. */
export const defaultAnswers: Answers = {
  source: { use: 'auto', width: 640, height: 480, framerate: 30 },
  transports: ['http', 'tcp', 'udp']
}

const transportTexts: Readonly<Record<string, string>> = {
  http: `  # Browsers, VLC, Home Assistant, OctoPrint: http://<this machine>:8080/
  - use: http
    port: 8080
`,
  tcp: `  # Programs of your own, every frame whole. \`payload\` is pickle (a numpy array) or jpeg.
  - use: tcp
    port: 8888
    payload: pickle
`,
  udp: `  # Programs of your own, least delay. \`headerWidth: 64\` for clients that were made for a server on a 64-bit system.
  - use: udp
    port: 9999
    payload: pickle
    headerWidth: 32
`
}

/** A commented YAML file. */
export function rcText({ source, transports }: Answers): string {
  return `# Configuration of Streamer.
# \`streamer config\` shows what is in force, \`streamer plugins\` every option that there is.

${source.use === 'command' ? commandText(source.command) : pictureText(source)}
# Makes JPEG of what the camera gives; JPEG passes untouched.
encoder:
  use: jpeg
  # 1 to 100: higher looks better and is larger.
  quality: 80

# How frames go out.
transports:
${transports.map((use) => transportTexts[use] ?? `  - use: ${scalar(use)}\n`).join('\n')}
# Seconds that the camera goes on after its last viewer left; \`always\` keeps it running.
linger: 15

# Everyone on the network can watch. This narrows it to programs on this machine:
# host: 127.0.0.1
`
}

function pictureText({ use, width, height, framerate }: Exclude<Answers['source'], { use: 'command' }>): string {
  return `# The camera. \`auto\` is the camera of this machine, or a test picture while there is none; \`fake\` draws the test picture always;
# \`command\` runs any program that writes JPEG pictures:
#   use: command
#   command: [ffmpeg, -loglevel, error, -f, v4l2, -i, /dev/video0, -f, mjpeg, pipe:1]
source:
  use: ${use}
  # Pixels.
  width: ${width}
  height: ${height}
  # Frames per second.
  framerate: ${framerate}
`
}

function commandText(command: readonly string[]): string {
  return `# The camera: a program and its arguments that writes JPEG pictures, one behind the other. \`use: auto\` is the camera of this machine instead,
# or a test picture while there is none.
source:
  use: command
  command:
${command.map((word) => `    - ${scalar(word)}\n`).join('')}`
}

/** Text as it must stand in YAML to be read as text, on one line: bare where that is plain to see, else as JSON, which YAML reads too. */
function scalar(text: string): string {
  const isPlain = /^[\w./-]+(?:[:=@%+,][\w./-]+)*$/.test(text) && parse(text) === text
  return isPlain ? text : JSON.stringify(text)
}

/** Words of a command line; quotes keep blanks together. No shell: nothing else has a meaning. */
export function wordsOf(line: string): string[] {
  return [...line.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => double ?? single ?? '')
  )
}
