import { existsSync, writeFileSync } from 'node:fs'
import { basename, dirname, extname, resolve } from 'node:path'
import { loadConfig } from '@streamer/core'
import { parse } from 'yaml'
import type { CommandLine } from '../arguments.js'
import { howCalled } from '../how-called.js'
import { print } from '../listing.js'
import { settingsOf, warnOnStderr } from '../load.js'
import { askOne, askText, askTransports, canAsk } from '../questions.js'
import { type Answers, defaultAnswers, rcText, wordsOf } from '../rc-file.js'
import { resolveFrom } from '../shipped.js'
import { UsageError } from '../usage-error.js'

/** `streamer init`: asks and writes a commented configuration file. */
export async function init(line: CommandLine): Promise<number> {
  const { file = '.streamerrc', warnings } = await settingsOf(line)
  warnOnStderr(warnings)
  const path = resolve(file)
  mustBeWritable(file, path, line.switches.has('force'))
  if (!line.switches.has('yes') && !canAsk())
    throw new UsageError('init asks questions and needs a terminal; --yes takes the defaults without asking')
  const answers = line.switches.has('yes') ? defaultAnswers : await ask()
  await saveRc(path, answers, line.switches.has('force'))
  print([`Wrote ${file}. Start with: ${howCalled()}${file === '.streamerrc' ? '' : ` --config ${file}`}`])
  return 0
}

/**
 * Checks the answers as a configuration and writes them.
 * @param path absolute.
 * @throws ConfigError when the answers make no usable configuration, UsageError when the file cannot be written.
 */
export async function saveRc(path: string, answers: Answers, force: boolean): Promise<void> {
  const text = rcText(answers)
  await loadConfig({ cwd: dirname(path), config: parse(text) as object, resolveFrom })
  try {
    writeFileSync(path, text, { flag: force ? 'w' : 'wx' })
  } catch (error) {
    throw new UsageError(`cannot write ${path}: ${(error as Error).message}`)
  }
}

function mustBeWritable(file: string, path: string, force: boolean): void {
  const extension = extname(basename(path).replace(/^\./, ''))
  if (!['', '.yaml', '.yml'].includes(extension))
    throw new UsageError(`--config ${file}: init writes YAML; the name must end in .yaml or .yml, or have no ending`)
  if (existsSync(path) && !force) throw new UsageError(`${file} is there already; --force writes over it`)
}

async function ask(): Promise<Answers> {
  const use = await askOne('Where do the frames come from?', [
    { value: 'auto', label: 'The camera of this machine, or a test picture while there is none' },
    { value: 'fake', label: 'A test picture', hint: 'works everywhere' },
    { value: 'command', label: 'A program', hint: 'ffmpeg, GStreamer, anything that writes JPEG pictures' }
  ])
  return {
    source: use === 'command' ? await askCommand() : await askPicture(use === 'fake' ? 'fake' : 'auto'),
    transports: await askTransports()
  }
}

async function askCommand(): Promise<Answers['source']> {
  const line = await askText(
    'Which command writes them to its standard output?',
    'ffmpeg -loglevel error -re -f lavfi -i testsrc2=size=640x480:rate=30 -f mjpeg -q:v 5 -',
    (text) => (wordsOf(text).length === 0 ? 'A program and its arguments' : undefined)
  )
  return { use: 'command', command: wordsOf(line) }
}

async function askPicture(use: 'auto' | 'fake'): Promise<Answers['source']> {
  const size = await askText('How large is the picture, in pixels?', '640x480', (text) => {
    const [width = 0, height = 0] = /^(\d+)x(\d+)$/.exec(text.trim())?.slice(1).map(Number) ?? []
    const fits = width >= 16 && height >= 16 && width <= 3840 && height <= 2160
    return fits ? undefined : 'Width and height, as in 1280x720, from 16x16 to 3840x2160'
  })
  const framerate = await askText('How many frames per second?', '30', (text) =>
    Number(text) > 0 && Number(text) <= 240 ? undefined : 'A number above 0 and at most 240'
  )
  const [width = 640, height = 480] = size.trim().split('x').map(Number)
  return { use, width, height, framerate: Number(framerate) }
}
