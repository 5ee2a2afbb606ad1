import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { helperSources, inRoot } from './root.ts'

const run = promisify(execFile)
const strict = '-std=c++17 -O1 -Wall -Wextra -Werror'

/** What libcamera would be told for each line. The virtual camera has no controls, so those of a Camera Module 3 are there by hand. */
async function told(command: readonly string[], lines: readonly string[]): Promise<Array<Record<string, unknown>>> {
  const [file = '', ...args] = command
  const program = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  let text = ''
  program.stdout.on('data', (chunk: Buffer) => {
    text += chunk
  })
  program.stdin.end(`${lines.join('\n')}\n`)
  await once(program, 'close')
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

const asked = [
  'set exposureTimeUs=10000 gain=2.5',
  'set autoExposure=true autoGain=true',
  'set autoExposure=false',
  'set exposureValue=-1.5 meteringMode=spot',
  'set redGain=1.5',
  'set blueGain=2',
  'set awbMode=cloudy autoWhiteBalance=true',
  'set focusMode=auto',
  'set focusMode=continuous focusRange=macro',
  'set lensPosition=2.5',
  'set focusX=0.25 focusY=0.25 focusWidth=0.5 focusHeight=0.5',
  'set focusWidth=1 focusHeight=1',
  'set brightness=0.5 contrast=2 saturation=0 sharpness=4',
  'set noiseReduction=high-quality hdr=night',
  'set zoom=2',
  'set zoom=2 zoomX=0 zoomY=1',
  'set brightness=2',
  'set brightness=0.1 contrast=99',
  'set nothing=1',
  'metadata'
]

it('reaches libcamera 0.7.1 as its own controls', async () => {
  const [list, ...answers] = await told([...inRoot, '/opt/controls-test'], asked)
  expect((list as unknown as Array<{ name: string }>).map(({ name }) => name)).toContain('hdr')
  expect(answers).toMatchObject([
    { ExposureTime: '10000', ExposureTimeMode: '1', AnalogueGain: '2.500000', AnalogueGainMode: '1' },
    { ExposureTimeMode: '0', AnalogueGainMode: '0', values: { autoExposure: true, autoGain: true } },
    { ExposureTimeMode: '1' },
    { ExposureValue: '-1.500000', AeMeteringMode: '1' },
    { ColourGains: '[ 1.500000, 1.000000 ]', AwbEnable: 'false', values: { redGain: 1.5, autoWhiteBalance: false } },
    { ColourGains: '[ 1.500000, 2.000000 ]' },
    { AwbMode: '6', AwbEnable: 'true' },
    { AfMode: '1', AfTrigger: '0' },
    { AfMode: '2', AfRange: '1' },
    { AfMode: '0', LensPosition: '2.500000', values: { focusMode: 'manual', lensPosition: 2.5 } },
    { AfMetering: '1', AfWindows: '[ (1440, 648)/1728x1296 ]' },
    { AfMetering: '0' },
    { Brightness: '0.500000', Contrast: '2.000000', Saturation: '0.000000', Sharpness: '4.000000' },
    { NoiseReductionMode: '2', HdrMode: '4' },
    { ScalerCrop: '(1440, 648)/1728x1296' },
    { ScalerCrop: '(0, 1296)/1728x1296' },
    { refused: 'brightness cannot be "2": a number from -1 to 1 is needed' },
    { refused: 'contrast cannot be "99": a number from 0 to 32 is needed' },
    { refused: 'this camera has no control "nothing"' },
    { exposureTimeUs: 9998, gain: 2.5, redGain: 1.75, blueGain: 2.25, lensPosition: 0.5, zoom: 2 }
  ])
})

it('turns and encodes pictures of any size as the plainest program would', async () => {
  const [file = '', ...args] = [...inRoot, '/opt/pictures-test']
  const { stdout } = await run(file, args)
  expect(stdout).toBe('ok 144\n')
})

it('compiles against libcamera 0.0.3 as well, whose controls are fewer', async () => {
  const { stdout: version } = await run('pkg-config', ['--modversion', 'libcamera'])
  expect(version.trim()).toBe('0.0.3')
  const folder = await mkdtemp(join(tmpdir(), 'streamer-0.0.3-'))
  try {
    const flags = '$(pkg-config --cflags --libs libcamera libjpeg) -pthread'
    const compile = (files: string, name: string) =>
      run('sh', ['-c', `g++ ${strict} -I. ${files} -o ${join(folder, name)} ${flags}`], { cwd: helperSources })
    await compile('*.cpp', 'helper')
    await compile('test/controls-test.cpp controls.cpp command.cpp', 'controls-test')
    const { stdout } = await run(join(folder, 'helper'), ['list'])
    expect(JSON.parse(stdout)).toMatchObject({ libcamera: '0.0.3' })
    const [, exposure, automatic] = await told(
      [join(folder, 'controls-test')],
      ['set exposureTimeUs=10000', 'set autoExposure=true']
    )
    expect(exposure).toMatchObject({ ExposureTime: '10000', AeEnable: 'false' })
    expect(automatic).toMatchObject({ AeEnable: 'true' })
  } finally {
    await rm(folder, { recursive: true })
  }
})
