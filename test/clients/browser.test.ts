import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtemp, rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compose, type Streamer } from '@streamer/core'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const executablePath = '/usr/bin/chromium'
/** As root, in a container, and without talking to anyone but us. */
const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
]
const desktop = { width: 1280, height: 800 }
const phone = { width: 390, height: 844 }

let profile: string
let browser: BrowserContext
let page: Page
let streamer: Streamer | undefined
let complaints: string[]

beforeEach(async () => {
  profile = await mkdtemp(join(tmpdir(), 'streamer-chromium-'))
  browser = await chromium.launchPersistentContext(profile, { executablePath, args, viewport: desktop })
  page = browser.pages()[0] ?? (await browser.newPage())
  complaints = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
})

afterEach(async () => {
  await browser.close()
  await streamer?.stop()
  streamer = undefined
  await rm(profile, { recursive: true, force: true, maxRetries: 5 })
})

async function start(config: object, port = 0): Promise<string> {
  streamer = await compose({ transports: [{ use: 'http', host: '127.0.0.1', port }], ...config })
  await streamer.start()
  return streamer.urls[0]!
}

const camera = { use: 'fake', output: 'jpeg', width: 320, height: 240 }

/** Resolves when the picture in the n-th `img` of the page has changed twice. */
async function moves(index = 0): Promise<void> {
  const seen = new Set<string>()
  while (seen.size < 3) {
    const pixels = await page.evaluate((which) => {
      const image = document.querySelectorAll('img')[which]
      if (!image || image.naturalWidth === 0) return ''
      const canvas = document.createElement('canvas')
      canvas.width = image.naturalWidth
      canvas.height = image.naturalHeight
      canvas.getContext('2d')?.drawImage(image, 0, 0)
      return `${canvas.width}x${canvas.height} ${canvas.toDataURL()}`
    }, index)
    if (pixels !== '') seen.add(pixels)
    await page.waitForTimeout(50)
  }
  expect([...seen][0]).toMatch(/^\d+x\d+ data:image\/png/)
}

const shows = (text: string | RegExp) => page.getByText(text).first().waitFor()

describe('the page in Chromium', () => {
  test('shows a picture that moves, its state and its frame rate, and breaks none of its own rules', async () => {
    await page.goto(await start({ source: camera }), { waitUntil: 'commit' })
    await moves()
    await shows(/^live$/)
    await shows(/^\d+\.\d fps$/)
    await shows('320×240')
    expect(await page.locator('img').getAttribute('alt')).toBe('Live picture of main')
    const before = await page.screenshot()
    await moves()
    expect(before.equals(await page.screenshot())).toBe(false)
    expect(complaints).toEqual([])
  })

  test('heals itself when the server comes back', async () => {
    const url = await start({ source: camera })
    await page.goto(url, { waitUntil: 'commit' })
    await moves()
    await streamer!.stop()
    await shows('the server does not answer; trying again')
    await start({ source: { ...camera, width: 160, height: 120 } }, Number(new URL(url).port))
    await shows('160×120')
    await page.waitForFunction(() => document.querySelector('img')?.naturalWidth === 160)
    await moves()
  })

  test('heals itself when the server comes back before it was missed', async () => {
    const url = await start({ source: camera })
    await page.goto(url, { waitUntil: 'commit' })
    await moves()
    await streamer!.stop()
    await start({ source: { ...camera, width: 160, height: 120 } }, Number(new URL(url).port))
    await page.waitForFunction(() => document.querySelector('img')?.naturalWidth === 160)
    await moves()
  })

  test('heals a stream that is cut while the server stays up, and leaves the others alone', async () => {
    const requests: Array<{ url: string; socket: Socket }> = []
    const note = (message: unknown) => {
      const { request, socket } = message as { request: IncomingMessage; socket: Socket }
      if (request.url?.includes('stream.mjpg')) requests.push({ url: request.url, socket })
    }
    subscribe('http.server.request.start', note)
    try {
      const streams = { front: { source: camera }, door: { source: camera } }
      await page.goto(await start({ streams }), { waitUntil: 'commit' })
      for (let round = 1; round <= 2; round++) {
        await moves(0)
        await moves(1)
        requests.findLast(({ url }) => url.startsWith('/front/'))!.socket.destroy()
        while (requests.filter(({ url }) => url.startsWith('/front/')).length === round) await page.waitForTimeout(50)
      }
      await moves(0)
      await moves(1)
      expect(requests.map(({ url }) => url.split('/')[1]).sort()).toEqual(['door', 'front', 'front', 'front'])
      expect(complaints).toEqual([])
    } finally {
      unsubscribe('http.server.request.start', note)
    }
  })

  test('shows many streams, the later ones by snapshots, and says why one has no signal', async () => {
    const broken = { ...camera, faults: { failStarts: 100_000 } }
    const sources = {
      front: camera,
      door: broken,
      c: camera,
      d: camera,
      e: camera,
      'a-rather-long-name-for-a-stream': camera
    }
    const streams = Object.fromEntries(Object.entries(sources).map(([name, source]) => [name, { source }]))
    await page.goto(await start({ streams }), { waitUntil: 'commit' })
    for (const index of [0, 2, 3, 4, 5]) await moves(index)
    await shows(/^no signal: .*refuses start/)
    expect(complaints).toEqual([])
    await page.getByRole('link', { name: 'front' }).click({ noWaitAfter: true })
    await page.waitForURL('**/front/', { waitUntil: 'commit' })
    await moves()
    expect(await page.locator('img').count()).toBe(1)
  })

  for (const [device, viewport] of Object.entries({ desktop, phone })) {
    for (const colorScheme of ['light', 'dark'] as const) {
      test(`fits on a ${device} in ${colorScheme} colours, and nothing lies over anything else`, async () => {
        const streams = {
          front: { source: { ...camera, width: 1280, height: 720 } },
          door: { source: { ...camera, faults: { failStarts: 100_000 } } },
          garden: { source: { ...camera, width: 480, height: 640 } }
        }
        await page.setViewportSize(viewport)
        await page.emulateMedia({ colorScheme })
        await page.goto(await start({ streams }), { waitUntil: 'commit' })
        await shows(/^no signal: /)
        await shows('480×640')
        const seen = await page.evaluate(() => {
          const boxes = Array.from(
            document.querySelectorAll('h1, h2, img, .state, .rate, .size, .links, #server'),
            (one) => {
              const { left, top, right, bottom } = one.getBoundingClientRect()
              return { left, top, right, bottom }
            }
          ).filter(({ left, right }) => right > left)
          const overlaps = boxes.filter((one, index) =>
            boxes.some(
              (two, other) =>
                other > index &&
                one.left < two.right - 1 &&
                two.left < one.right - 1 &&
                one.top < two.bottom - 1 &&
                two.top < one.bottom - 1
            )
          )
          const { scrollWidth } = document.documentElement
          return {
            overlaps,
            count: boxes.length,
            tooWide: scrollWidth > innerWidth,
            ground: getComputedStyle(document.body).backgroundColor
          }
        })
        expect(seen).toMatchObject({ overlaps: [], tooWide: false })
        expect(seen.count).toBeGreaterThan(12)
        const [red = 0] = Array.from(seen.ground.matchAll(/\d+/g), Number)
        expect(red > 128).toBe(colorScheme === 'light')
      })
    }
  }
})
