import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { StreamerError, silentLogger } from '@streamer/core/plugin'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { diagnose, type Facts, type Finding, type GatherOptions, gatherFacts } from '../src/doctor/index.js'

const camera = { id: '/base/imx708@1a', model: 'imx708', modes: [], controls: [] }

/** A Raspberry Pi on which all is well. */
const healthy: Facts = {
  nodeVersion: '20.19.2',
  model: 'Raspberry Pi 4 Model B Rev 1.4',
  user: { name: 'pi', isRoot: false, groups: ['pi', 'video'], nextGroups: ['pi', 'video'] },
  wantsCamera: true,
  configuration: undefined,
  helper: {
    path: '/cache/helper',
    isConfigured: false,
    missing: [],
    install: '',
    libcamera: '0.7.1',
    failed: undefined
  },
  rpicam: '/usr/bin/rpicam-vid',
  listing: { list: { backEnd: 'helper', libcamera: '0.7.1', cameras: [camera] } },
  devices: [{ path: '/dev/media0', isAccessible: true, group: 'video' }],
  holders: [],
  hiddenProcesses: 0,
  capture: { state: 'ok', camera: camera.id },
  bootConfig: { path: '/boot/firmware/config.txt', autoDetect: true, overlays: [], isLegacy: false },
  ports: [{ name: 'http', protocol: 'tcp', host: '::', port: 8080, state: 'free', by: undefined }],
  throttled: 0,
  cache: { folder: '/cache', freeBytes: 10 ** 9 },
  cma: { totalBytes: 256 * 2 ** 20, freeBytes: 200 * 2 ** 20 }
}

const noHelper = { ...healthy.helper, path: undefined }
const noCameras: Partial<Facts> = {
  listing: { list: { backEnd: 'helper', libcamera: '0.7.1', cameras: [] } },
  capture: { state: 'skipped', why: 'no camera' }
}
const holder = { pid: 42, name: 'rpicam-vid', command: 'rpicam-vid -t 0', devices: ['/dev/media0'], isUsing: true }

const findings = (change: Partial<Facts>) => diagnose({ ...healthy, ...change })
const troubles = (change: Partial<Facts>): Finding[] => findings(change).filter(({ level }) => level !== 'ok')

describe('the diagnosis', () => {
  it('finds nothing wrong where nothing is, and says what is there', () => {
    expect(troubles({})).toEqual([])
    expect(findings({}).map(({ subject, message }) => `${subject}: ${message}`)).toEqual([
      'Node: 20.19.2',
      'machine: Raspberry Pi 4 Model B Rev 1.4',
      'power: no low voltage and no overheating since the last boot',
      'libcamera: 0.7.1',
      'helper: built: /cache/helper',
      'back end: the camera helper',
      'camera 0: imx708, /base/imx708@1a',
      'permission: pi may use 1 device files',
      'picture: /base/imx708@1a gives frames',
      'port 8080: free for http'
    ])
  })

  it('names the packages that the helper lacks and the command that installs them', () => {
    const helper = {
      ...noHelper,
      missing: ['g++', 'libcamera-dev'] as const,
      install: 'sudo apt install g++ libcamera-dev'
    }
    const failure = { code: 'ERR_CAMERA_HELPER_MISSING', message: 'not built' }
    expect(
      troubles({ helper, rpicam: undefined, listing: { failure }, capture: { state: 'skipped', why: 'no camera' } })
    ).toEqual([
      {
        level: 'problem',
        subject: 'helper',
        message: 'not built: g++ and libcamera-dev are missing',
        remedy: 'sudo apt install g++ libcamera-dev && streamer setup-camera'
      }
    ])
  })

  it('warns only when rpicam-vid stands in for the helper', () => {
    const listing: Facts['listing'] = { list: { backEnd: 'rpicam', cameras: [camera] } }
    expect(troubles({ helper: noHelper, listing }).map(({ level, subject }) => [level, subject])).toEqual([
      ['warning', 'helper'],
      ['warning', 'back end']
    ])
  })

  it.each<[string, Partial<Facts>, RegExp, RegExp]>([
    [
      'off in config.txt',
      { bootConfig: { ...healthy.bootConfig!, autoDetect: false } },
      /neither has camera_auto_detect=1/,
      /Add the line camera_auto_detect=1 to \/boot\/firmware\/config\.txt/
    ],
    [
      'of the old system',
      { bootConfig: { ...healthy.bootConfig!, isLegacy: true } },
      /start_x=1/,
      /Take start_x=1 out/
    ],
    [
      'named and not there',
      { bootConfig: { ...healthy.bootConfig!, overlays: ['imx519'] } },
      /names imx519/,
      /ribbon cable.*dmesg/s
    ],
    ['not there', {}, /none answers/, /ribbon cable.*dtoverlay=<sensor>/s],
    ['not on a PC', { model: undefined, devices: [] }, /no \/dev\/video\* and no \/dev\/media\*/, /lsusb/],
    [
      'unknown to libcamera',
      { model: undefined, devices: [{ path: '/dev/video0', isAccessible: true, group: 'video' }] },
      /though there is \/dev\/video0/,
      /use: command/
    ]
  ])('says why there may be no camera: %s', (_, change, message, remedy) => {
    const [problem, ...others] = troubles({ ...noCameras, ...change })
    expect(others).toEqual([])
    expect(problem).toMatchObject({ level: 'problem', subject: 'cameras' })
    expect(problem?.message).toMatch(message)
    expect(problem?.remedy).toMatch(remedy)
  })

  it('tells which group opens the devices, and when only a login is missing', () => {
    const devices = [
      { path: '/dev/media0', isAccessible: false, group: 'video' },
      { path: '/dev/video0', isAccessible: true, group: 'video' }
    ]
    const user = { name: 'jo', isRoot: false, groups: ['jo'], nextGroups: [] as string[] }
    const permission = (change: Partial<Facts>) =>
      troubles({ devices, ...change }).find(({ subject }) => subject === 'permission')
    expect(permission({ user })).toMatchObject({
      level: 'problem',
      message: 'jo may not open /dev/media0',
      remedy: 'sudo usermod -aG video jo   # then log out and in again'
    })
    expect(permission({ user: { ...user, nextGroups: ['video'] } })?.remedy).toMatch(/from the next login on/)
    expect(permission({ user: { ...user, groups: ['video'] } })?.remedy).toMatch(/chmod g\+rw \/dev\/media0/)
    expect(troubles({ devices, user, ...noCameras })[0]?.remedy).toMatch(/See "permission"/)
  })

  it('names the program that uses the camera', () => {
    const capture: Facts['capture'] = { state: 'skipped', why: 'in use' }
    expect(troubles({ capture, holders: [holder] })).toEqual([
      {
        level: 'problem',
        subject: 'in use',
        message: 'a camera is in use by rpicam-vid (process 42): rpicam-vid -t 0',
        remedy: expect.stringMatching(/^End it: kill 42/)
      }
    ])
  })

  it('finds nothing wrong with Streamer itself using the camera and its ports', () => {
    const own = { ...holder, name: 'libcamera-helper', command: '/cache/libcamera-helper-1-arm64-0.7.1 stream' }
    const by = { pid: 41, name: 'node', command: '/usr/bin/node /opt/streamer/packages/cli/bin/streamer.js' }
    const ports = healthy.ports.map((port) => ({ ...port, state: 'taken' as const, by }))
    expect(troubles({ holders: [own], ports, capture: { state: 'skipped', why: 'in use' } })).toEqual([])
  })

  it('names those who have a busy camera open, or how to find them', () => {
    const capture: Facts['capture'] = {
      state: 'failed',
      camera: 'x',
      code: 'ERR_CAMERA_BUSY',
      message: 'the camera is busy'
    }
    const [known] = troubles({ capture, holders: [{ ...holder, isUsing: false }] })
    expect(known).toMatchObject({
      subject: 'in use',
      message: expect.stringMatching(/busy; open in rpicam-vid \(process 42\)/)
    })
    const [unknown] = troubles({ capture, hiddenProcesses: 7 })
    expect(unknown?.message).toMatch(/open files of 7 processes of other users cannot be seen/)
    expect(unknown?.remedy).toMatch(/^sudo fuser/)
  })

  it('blames cable or sensor when a camera gives no frames', () => {
    const capture: Facts['capture'] = {
      state: 'failed',
      camera: 'x',
      code: 'ERR_CAMERA_TIMEOUT',
      message: '0 of 3 frames'
    }
    expect(troubles({ capture })).toMatchObject([
      {
        level: 'problem',
        subject: 'picture',
        message: expect.stringMatching(/gives no frames: 0 of 3/),
        remedy: expect.stringMatching(/^Cable or sensor/)
      }
    ])
  })

  it('tells what hangs and what does not fit', () => {
    const failure = (code: string) => ({
      listing: { failure: { code, message: 'it failed' } },
      capture: { state: 'skipped', why: 'no camera' } as const
    })
    expect(troubles(failure('ERR_CAMERA_TIMEOUT'))[0]?.remedy).toMatch(/^Reboot/)
    expect(troubles(failure('ERR_CAMERA_HELPER_MISSING'))[0]?.remedy).toBe('streamer setup-camera --force')
    expect(troubles(failure('ERR_CAMERA_FAILED'))[0]?.remedy).toContain('LIBCAMERA_LOG_LEVELS=DEBUG')
  })

  it.each<[number, Array<[Finding['level'], RegExp]>]>([
    [0x1, [['problem', /too low now/]]],
    [
      0x50005,
      [
        ['problem', /too low now/],
        ['warning', /slowed down now$/]
      ]
    ],
    [
      0x50000,
      [
        ['warning', /voltage has been too low/],
        ['warning', /has been slowed down since the last boot$/]
      ]
    ],
    [0x2, [['warning', /slowed down now/]]],
    [0x8, [['warning', /is hot/]]],
    [0xe, [['warning', /slowed down now, because it is hot/]]],
    [0x80000, [['warning', /has been slowed down since the last boot, because it was hot/]]]
  ])('reads what the firmware says of power and heat: %i', (throttled, expected) => {
    const found = troubles({ throttled })
    expect(found).toHaveLength(expected.length)
    for (const [index, [level, message]] of expected.entries()) {
      expect(found[index]?.level).toBe(level)
      expect(found[index]?.message).toMatch(message)
    }
  })

  it('names who has a port, and how to find out', () => {
    const port = { ...healthy.ports[0]!, state: 'taken' as const }
    const by = { pid: 7, name: 'nginx', command: 'nginx: master process' }
    expect(troubles({ ports: [{ ...port, by }] })).toMatchObject([
      {
        level: 'problem',
        message: 'http on TCP port 8080: taken by nginx (process 7): nginx: master process',
        remedy: expect.stringMatching(/--http-port/)
      }
    ])
    expect(troubles({ ports: [{ ...port, protocol: 'udp', port: 9999 }] })[0]?.remedy).toBe(
      "sudo ss -lunp 'sport = :9999'"
    )
    expect(troubles({ ports: [{ ...port, port: 80, state: 'privileged' }] })[0]?.message).toMatch(
      /ports below 1024 need root/
    )
  })

  it('tells what else is too little or too old', () => {
    expect(troubles({ nodeVersion: '18.20.4' })[0]).toMatchObject({ level: 'problem', message: '18.20.4 is too old' })
    expect(troubles({ nodeVersion: '20.18.0' })).toHaveLength(1)
    expect(troubles({ nodeVersion: '22.0.0' })).toHaveLength(0)
    expect(troubles({ helper: noHelper, cache: { folder: '/cache', freeBytes: 5 * 2 ** 20 } })[0]?.message).toMatch(
      /^5 MiB free in \/cache/
    )
    expect(troubles({ cma: { totalBytes: 64 * 2 ** 20, freeBytes: 3 * 2 ** 20 } })[0]?.message).toMatch(
      /^3 MiB of 64 MiB/
    )
    expect(troubles({ configuration: '.streamerrc:1:1: no' })).toMatchObject([
      { level: 'problem', subject: 'configuration' }
    ])
  })

  it('calls nothing a problem about cameras when the configuration has none', () => {
    const found = troubles({
      ...noCameras,
      helper: { ...noHelper, missing: ['g++'] },
      rpicam: undefined,
      wantsCamera: false
    })
    expect(found.length).toBeGreaterThan(0)
    expect(found.every(({ level }) => level === 'warning')).toBe(true)
  })
})

describe('gathering facts', () => {
  let root: string
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'streamer-pi-'))
    await write('helper/main.cpp', '')
  })
  afterEach(async () => {
    await rm(root, { recursive: true, force: true })
  })

  async function write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }

  /** A process with these open files. */
  async function run(pid: number, name: string, command: readonly string[], open: readonly string[]): Promise<void> {
    await write(`proc/${pid}/comm`, `${name}\n`)
    await write(`proc/${pid}/cmdline`, command.map((word) => `${word}\0`).join(''))
    await mkdir(join(root, `proc/${pid}/fd`))
    for (const [fd, target] of open.entries()) await symlink(target, join(root, `proc/${pid}/fd/${fd}`))
  }

  const gather = (options: Partial<GatherOptions> = {}) =>
    gatherFacts({
      root,
      logger: silentLogger,
      sources: join(root, 'helper'),
      env: { PATH: join(root, 'bin'), STREAMER_CACHE_DIR: join(root, 'cache/not/there') },
      list: async () => ({ backEnd: 'helper', libcamera: '0.7.1', cameras: [camera] }),
      ask: async () => undefined,
      ...options
    })

  it('finds an empty machine without trouble', async () => {
    const facts = await gather()
    expect(facts).toMatchObject({
      model: undefined,
      devices: [],
      holders: [],
      hiddenProcesses: 0,
      throttled: undefined
    })
    expect(facts.helper).toMatchObject({
      path: undefined,
      missing: ['g++', 'pkg-config', 'libcamera-dev', 'libjpeg-dev']
    })
    expect(facts.cache.freeBytes).toBeGreaterThan(0)
    expect(facts.capture).toEqual({ state: 'skipped', why: 'no way to' })
  })

  it('reads what a Raspberry Pi says of itself', async () => {
    await write('proc/device-tree/model', 'Raspberry Pi 5 Model B Rev 1.0\0')
    await write('proc/meminfo', 'MemTotal: 4000 kB\nCmaTotal:         65536 kB\nCmaFree:           1024 kB\n')
    await write('boot/config.txt', 'DO NOT EDIT THIS FILE\n')
    await write(
      'boot/firmware/config.txt',
      '# camera_auto_detect=1\ndtoverlay=vc4-kms-v3d\n[none]\nstart_x=1\n[all]\ndtoverlay=imx219,cam0 # x\n'
    )
    await write('etc/group', `root:x:0:\nvideo:x:44:other,${userInfo().username}\n`)
    await write('sys/devices/platform/soc/soc:firmware/get_throttled', '50005\n')
    const facts = await gather()
    expect(facts).toMatchObject({
      model: 'Raspberry Pi 5 Model B Rev 1.0',
      bootConfig: { path: '/boot/firmware/config.txt', autoDetect: false, overlays: ['imx219'], isLegacy: false },
      throttled: 0x50005,
      cma: { totalBytes: 2 ** 26, freeBytes: 2 ** 20 }
    })
    expect(facts.user.nextGroups).toEqual(['video'])
  })

  it('asks vcgencmd where the system does not tell', async () => {
    await write('proc/device-tree/model', 'Raspberry Pi 3\0')
    const asked: unknown[] = []
    const ask = async (command: readonly string[]) => {
      asked.push(command)
      return 'throttled=0x80000\n'
    }
    expect((await gather({ ask })).throttled).toBe(0x80000)
    expect(asked).toEqual([['vcgencmd', 'get_throttled']])
  })

  it('finds who has devices open, who uses them, and hides passwords', async () => {
    await write('dev/media0', '')
    await write('dev/media10', '')
    await write('dev/video0', '')
    await write('dev/vcs', '')
    await run(10, 'ffmpeg', ['ffmpeg', '-i', 'rtsp://me:secret@camera/1'], ['/dev/null', '/dev/video0', '/dev/video0'])
    await run(11, 'rpicam-vid', ['rpicam-vid', '-t', '0'], ['/dev/media0', 'socket:[77]'])
    await run(12, 'bash', ['bash'], ['/dev/tty'])
    const { dev, ino } = await stat(join(root, 'dev/media0'))
    const hex = (value: number) => value.toString(16).padStart(2, '0')
    const device = `${hex((dev >> 8) & 0xfff)}:${hex((dev & 0xff) | ((dev >> 12) & 0xfff00))}`
    await write(
      'proc/locks',
      `1: FLOCK  ADVISORY  WRITE 12 ${device}:${ino} 0 EOF\n2: POSIX  ADVISORY  WRITE 11 ${device}:${ino} 0 EOF\n`
    )
    const facts = await gather({ tryCapture: () => Promise.reject(new Error('must not be tried')) })
    expect(facts.devices.map(({ path }) => path)).toEqual(['/dev/media0', '/dev/media10', '/dev/video0'])
    expect(facts.holders).toEqual([
      { pid: 10, name: 'ffmpeg', command: 'ffmpeg -i rtsp://***@camera/1', devices: ['/dev/video0'], isUsing: false },
      { pid: 11, name: 'rpicam-vid', command: 'rpicam-vid -t 0', devices: ['/dev/media0'], isUsing: true }
    ])
    expect(facts.capture).toEqual({ state: 'skipped', why: 'in use' })
  })

  it('takes frames to see whether there are any', async () => {
    const helper = ['/opt/helper', '--flag']
    const tried: unknown[] = []
    const tryCapture: GatherOptions['tryCapture'] = async (...[which, command]) => void tried.push(which.id, command)
    expect((await gather({ helper, tryCapture })).capture).toEqual({ state: 'ok', camera: camera.id })
    expect(tried).toEqual([camera.id, helper])
    const failing = () => Promise.reject(new StreamerError('ERR_CAMERA_BUSY', 'the camera is busy'))
    expect((await gather({ helper, tryCapture: failing })).capture).toEqual({
      state: 'failed',
      camera: camera.id,
      code: 'ERR_CAMERA_BUSY',
      message: 'the camera is busy'
    })
  })

  it('keeps why cameras cannot be listed', async () => {
    const list = () => Promise.reject(new StreamerError('ERR_CAMERA_TIMEOUT', 'no answer'))
    expect((await gather({ list })).listing).toEqual({ failure: { code: 'ERR_CAMERA_TIMEOUT', message: 'no answer' } })
  })

  it('tells which ports are taken, and by whom', async () => {
    const line = (address: string, port: number, state: string, inode: number) =>
      `   0: ${address}:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  0  0 ${inode} 1 0\n`
    const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
    await write('proc/net/tcp', `${head}${line('0100007F', 8080, '0A', 1)}${line('0100007F', 7000, '01', 2)}`)
    await write('proc/net/tcp6', `${head}${line('00000000000000000000000000000000', 8888, '0A', 3)}`)
    await write('proc/net/udp', `${head}${line('00000000', 9999, '07', 4)}`)
    await write('proc/sys/net/ipv4/ip_unprivileged_port_start', '0\n')
    await run(20, 'nginx', ['nginx'], ['socket:[1]'])
    const wish = (protocol: 'tcp' | 'udp', host: string, port: number) => ({ name: 'x', protocol, host, port })
    const { ports } = await gather({
      ports: [
        wish('tcp', '::', 8080),
        wish('tcp', '192.168.1.2', 8080),
        wish('tcp', '::ffff:127.0.0.1', 8080),
        wish('tcp', 'localhost', 8888),
        wish('tcp', '::', 7000),
        wish('udp', '::1', 9999),
        wish('udp', '::', 8080),
        wish('tcp', '::', 80)
      ]
    })
    expect(ports.map(({ state, by }) => [state, by?.name])).toEqual([
      ['taken', 'nginx'],
      ['free', undefined],
      ['taken', 'nginx'],
      ['taken', undefined],
      ['free', undefined],
      ['taken', undefined],
      ['free', undefined],
      ['free', undefined]
    ])
  })

  it('says nothing of ports where the system does not tell', async () => {
    const { ports } = await gather({ ports: [{ name: 'http', protocol: 'tcp', host: '::', port: 1 }] })
    expect(ports).toMatchObject([{ state: 'unknown' }])
  })
})
