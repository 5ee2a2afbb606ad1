import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compose, type Streamer } from '@streamer/core'
import { hashPassword, makeLinkToken } from '@streamer/transport-http'
import axe from 'axe-core'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeCertificate } from '../support/certificate.js'

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
const many = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`camera-${index + 1}`, { source: camera }]))

/** What the card of a stream shows, as text that differs for different pictures; empty before the first. */
function picture(name: string): Promise<string> {
  return page.evaluate((wanted) => {
    const card = document.querySelector(`article[data-name="${wanted}"]`)
    const shown = card?.querySelector('canvas')
    // A canvas on which nothing was drawn is tiny.
    if (!shown || shown.width < 10) return ''
    return `${shown.width}x${shown.height} ${shown.toDataURL()}`
  }, name)
}

/** Resolves when the picture of a stream has changed twice, and had the size that is given. */
async function moves(name = 'main', size = ''): Promise<void> {
  const seen = new Set<string>()
  await expect
    .poll(
      async () => {
        const now = await picture(name)
        if (now.startsWith(size) && now !== '') seen.add(now)
        return seen.size
      },
      { timeout: 50_000 }
    )
    .toBeGreaterThan(2)
}

const shows = (text: string | RegExp) => page.getByText(text).first().waitFor()
/** As with another tab in front of it. */
const hide = (isHidden: boolean) =>
  page.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', { configurable: true, value: hidden })
    document.dispatchEvent(new Event('visibilitychange'))
  }, isHidden)
/** Resolves when the page has tried so many WebSockets in vain from now on. */
const triesInVain = (count: number) =>
  new Promise<void>((resolve) => {
    let left = count
    page.on('websocket', (socket) =>
      socket.on('socketerror', () => {
        if (--left === 0) resolve()
      })
    )
  })
/** What it says of the state of a stream, beside the name. */
const stateOf = (name: string) => page.locator(`article[data-name="${name}"] .state`)
const noticeOf = (name: string) => page.locator(`article[data-name="${name}"] .notice`)
const clientsOf = (name: string) => streamer!.streams.get(name)!.stats().clients

describe('the page in Chromium', () => {
  test('shows a picture that moves and its numbers, over a WebSocket, and breaks none of its own rules', async () => {
    const sockets: string[] = []
    page.on('websocket', (socket) => sockets.push(new URL(socket.url()).pathname))
    await page.goto(await start({ source: camera }))
    await moves()
    await shows(/^live$/)
    await shows(/^\d+\.\d fps$/)
    await shows(/^\d+ ms$/)
    await shows(/^\d+\.\d Mbit\/s$/)
    await shows('320×240')
    await page.getByRole('img', { name: 'Live picture of main' }).waitFor()
    expect(sockets).toEqual(['/ws'])
    expect(complaints).toEqual([])
  })

  test('heals itself when the server comes back, without being loaded anew', async () => {
    const url = await start({ source: camera })
    await page.goto(url)
    await moves()
    await page.evaluate(() => Object.assign(globalThis, { isTheSame: true }))
    await streamer!.stop()
    await shows('the server does not answer; trying again')
    await start({ source: { ...camera, width: 160, height: 120 } }, Number(new URL(url).port))
    await moves('main', '160x120')
    await shows('160×120')
    expect(await page.evaluate(() => 'isTheSame' in globalThis)).toBe(true)
  })

  test('heals itself when the server comes back before it was missed', async () => {
    const url = await start({ source: camera })
    await page.goto(url)
    await moves()
    await streamer!.stop()
    await start({ source: { ...camera, width: 160, height: 120 } }, Number(new URL(url).port))
    await moves('main', '160x120')
  })

  test('goes on over a WebSocket after the server was away for longer than a few tries', async () => {
    const url = await start({ source: camera })
    await page.goto(url)
    await moves()
    const away = triesInVain(5)
    await streamer!.stop()
    await shows('the server does not answer; trying again')
    await away
    const requests: string[] = []
    page.on('request', (request) => requests.push(new URL(request.url()).pathname))
    await start({ source: { ...camera, width: 160, height: 120 } }, Number(new URL(url).port))
    await moves('main', '160x120')
    await stateOf('main')
      .getByText(/^live$/)
      .waitFor()
    expect(requests.filter((path) => path.endsWith('/stream.mjpg') || path.endsWith('/snapshot.jpg'))).toEqual([])
  })

  test('shows the cameras that are left when one is gone after a restart, and offers to show the new ones', async () => {
    const url = await start({ streams: many(2) })
    await page.goto(url)
    for (const name of ['camera-1', 'camera-2']) await moves(name)
    await streamer!.stop()
    const port = Number(new URL(url).port)
    await start(
      { streams: { 'camera-1': { source: { ...camera, width: 160, height: 120 } }, garden: { source: camera } } },
      port
    )
    await moves('camera-1', '160x120')
    await stateOf('camera-2').getByText('gone').waitFor()
    await noticeOf('camera-2').getByText('there is no such stream any more').waitFor()
    await shows('The cameras have changed.')
    await page.getByRole('button', { name: 'Reload' }).click()
    await moves('garden')
    expect(await page.locator('article').count()).toBe(2)
    expect(await page.getByText('The cameras have changed.').isVisible()).toBe(false)
  })

  test('says what the server says when it refuses, and goes on when it no longer does', async () => {
    const url = await start({ source: camera })
    const port = Number(new URL(url).port)
    await page.goto(url)
    await moves()
    await streamer!.stop()
    const key = 'the key of this server'
    await start({ source: camera, transports: [{ use: 'http', host: '127.0.0.1', port, key }] })
    await page.locator('#server').getByText('this needs a link with a token, as streamer link makes them').waitFor()
    await stateOf('main').getByText('connecting…').waitFor()
    await streamer!.stop()
    await start({ source: { ...camera, width: 160, height: 120 } }, port)
    await moves('main', '160x120')
    await page
      .locator('#server')
      .getByText(/^\d clients?$/)
      .waitFor()
  })

  test('says that all places are taken, and shows the picture when one is free', async () => {
    const url = await start({
      source: camera,
      transports: [{ use: 'http', host: '127.0.0.1', port: 0, maxClients: 1 }]
    })
    const other = new AbortController()
    await fetch(`${url}stream.mjpg`, { signal: other.signal })
    await page.goto(url)
    await noticeOf('main').getByText('no picture here: all 1 places for clients are taken').waitFor()
    expect(await stateOf('main').textContent()).toBe('no picture')
    expect(await picture('main')).toBe('')
    other.abort()
    await moves()
    await stateOf('main')
      .getByText(/^live$/)
      .waitFor()
    expect(await noticeOf('main').isVisible()).toBe(false)
  })

  test('counts frames of the camera only, and all bytes', async () => {
    // What comes then is the last one, again each second.
    await page.goto(await start({ source: { ...camera, faults: { stallAfter: 30 } } }))
    await moves()
    await expect
      .poll(() => page.evaluate(() => document.querySelector('.facts')!.textContent), {
        timeout: 20_000,
        interval: 100
      })
      .toMatch(/live0\.0 fps\d+ kbit/)
  })

  test('counts a client once, whatever it watches', async () => {
    await page.setViewportSize({ width: 1600, height: 1400 })
    await page.goto(await start({ streams: many(3) }))
    for (const name of Object.keys(many(3))) await moves(name)
    await expect.poll(() => page.locator('#server').textContent(), { timeout: 20_000 }).toBe('1 client')
  })

  test('takes nothing of a camera that is scrolled away, says so, and leaves no graph of what it did not see', async () => {
    await page.setViewportSize({ width: 400, height: 500 })
    await page.goto(await start({ streams: many(4) }))
    await moves('camera-1')
    await stateOf('camera-4').getByText('not watched').waitFor()
    expect(clientsOf('camera-4')).toHaveLength(0)
    await page.locator('article').first().getByRole('button', { name: 'Graph' }).click()
    await page.getByRole('img', { name: /^camera-1 over the last minutes: now \d+\.\d frames/ }).waitFor()
    await stateOf('camera-4').scrollIntoViewIfNeeded()
    await moves('camera-4')
    await stateOf('camera-1').getByText('not watched').waitFor()
    await expect.poll(() => clientsOf('camera-1').length, { timeout: 20_000 }).toBe(0)
    await page.getByRole('img', { name: /^camera-1 over the last minutes: now nothing/ }).waitFor()
    await stateOf('camera-1').scrollIntoViewIfNeeded()
    await moves('camera-1')
    // A line that begins anew behind the gap.
    const begins = () =>
      page.evaluate(() => document.querySelector('.plot path:nth-child(2)')!.getAttribute('d')!.split('M').length - 1)
    await expect.poll(begins, { timeout: 20_000 }).toBe(2)
  })

  test('goes on in a small window while the tab is hidden', async () => {
    await page.goto(await start({ source: camera }))
    await moves()
    await page.getByRole('button', { name: 'Pop out' }).click()
    await expect.poll(() => page.evaluate(() => document.pictureInPictureElement !== null)).toBe(true)
    await hide(true)
    await moves()
    expect(clientsOf('main')).toHaveLength(1)
    await page.evaluate(() => document.exitPictureInPicture())
    await expect.poll(() => clientsOf('main').length, { timeout: 20_000 }).toBe(0)
  })

  test('takes nothing while its tab is hidden, and goes on when it is shown', async () => {
    await page.goto(await start({ source: camera }))
    await moves()
    await hide(true)
    await expect.poll(() => clientsOf('main').length, { timeout: 20_000 }).toBe(0)
    await hide(false)
    await moves()
    expect(clientsOf('main')).toHaveLength(1)
  })

  test('changes the camera with its own controls, live', async () => {
    await page.goto(await start({ source: camera }))
    await moves()
    const { controls } = streamer!.streams.get('main')!
    await page.getByRole('button', { name: 'Controls' }).click()
    for (const { name, description } of controls!.list()) {
      expect(await page.getByTitle(description).count(), name).toBeGreaterThan(0)
    }
    await page.getByLabel('pattern', { exact: true }).selectOption('black')
    await expect.poll(() => controls!.values().pattern, { timeout: 20_000 }).toBe('black')
    await page.getByLabel('brightness', { exact: true }).fill('0.5')
    await expect.poll(() => controls!.values().brightness, { timeout: 20_000 }).toBe(0.5)
    await page.getByRole('button', { name: 'Defaults' }).click()
    await expect.poll(() => controls!.values().brightness, { timeout: 20_000 }).toBe(0)
    expect(complaints).toEqual([])
  })

  test('shows in an open panel what others change', async () => {
    const url = await start({ source: camera })
    await page.goto(url)
    await moves()
    await page.getByRole('button', { name: 'Controls' }).click()
    await page.getByLabel('pattern', { exact: true }).waitFor()
    const body = JSON.stringify({ pattern: 'black', brightness: 0.5 })
    const headers = { 'Content-Type': 'application/json' }
    await fetch(`${url}api/v1/streams/main/controls`, { method: 'PATCH', headers, body })
    await expect.poll(() => page.getByLabel('pattern', { exact: true }).inputValue(), { timeout: 20_000 }).toBe('black')
    expect(await page.getByLabel('brightness', { exact: true }).inputValue()).toBe('0.5')
  })

  test('says why there is no snapshot instead of saving what is none', async () => {
    const http = { use: 'http', host: '127.0.0.1', port: 0, snapshotTimeoutMs: 200 }
    await page.goto(await start({ source: { ...camera, faults: { failStarts: 100_000 } }, transports: [http] }))
    await stateOf('main').getByText('no signal').waitFor()
    await page.getByRole('button', { name: 'Snapshot' }).click()
    await noticeOf('main')
      .getByText(/^no snapshot: no fresh picture of "main" came within 200 ms/)
      .waitFor()
  })

  test('shows six cameras over one connection, and says why one has no signal', async () => {
    const broken = { ...camera, faults: { failStarts: 100_000 } }
    const streams = { ...many(5), 'a-rather-long-name-for-a-stream': { source: broken } }
    const sockets: string[] = []
    page.on('websocket', (socket) => sockets.push(socket.url()))
    await page.setViewportSize({ width: 1600, height: 1400 })
    await page.goto(await start({ streams }))
    for (const name of Object.keys(many(5))) await moves(name)
    await shows(/^no signal$/)
    await page
      .locator('.notice')
      .getByText(/refuses start/)
      .waitFor()
    expect(sockets).toHaveLength(1)
    expect(complaints).toEqual([])
    await page.getByRole('link', { name: 'camera-2' }).click()
    await page.waitForURL('**/camera-2/')
    await moves('camera-2')
    expect(await page.locator('article').count()).toBe(1)
  })

  test('lets people ask for fewer frames', async () => {
    await page.goto(await start({ source: camera }))
    await moves()
    await page.getByLabel('Frames per second of main').selectOption('5 fps')
    await expect.poll(() => clientsOf('main')[0]?.skipped ?? 0, { timeout: 20_000 }).toBeGreaterThan(20)
    await shows(/^[456]\.\d fps$/)
  })

  test('heals a WebSocket that is cut while the server stays up', async () => {
    let cut = () => {}
    let opened = 0
    await page.routeWebSocket('**/ws', (socket) => {
      opened++
      const server = socket.connectToServer()
      cut = () => {
        void socket.close()
        void server.close()
      }
    })
    await page.goto(await start({ source: camera }))
    await moves()
    cut()
    await expect.poll(() => opened, { timeout: 20_000 }).toBe(2)
    await moves()
  })

  test('does with MJPEG where no WebSocket comes through, and with snapshots where there are too many streams', async () => {
    await page.routeWebSocket('**/ws', (socket) => void socket.close())
    const paths = new Set<string>()
    page.on('request', (request) => paths.add(new URL(request.url()).pathname))
    await page.setViewportSize({ width: 1600, height: 1400 })
    await page.goto(await start({ streams: many(5) }))
    for (const name of Object.keys(many(5))) await moves(name)
    expect([...paths].filter((path) => path.endsWith('/stream.mjpg'))).toHaveLength(3)
    expect([...paths].filter((path) => path.endsWith('/snapshot.jpg'))).toHaveLength(2)
    const facts = page.locator('.facts')
    await facts.first().getByText('MJPEG').waitFor()
    await facts.last().getByText('snapshots').waitFor()
    await facts
      .first()
      .getByText(/^\d\d\.\d fps$/)
      .waitFor()
    await facts
      .first()
      .getByText(/^\d+ ms$/)
      .waitFor()
    await facts
      .first()
      .getByText(/^\d+\.\d Mbit\/s$/)
      .waitFor()
    // What can be done with a picture can be done with this one.
    await page.getByRole('button', { name: 'Rotate' }).first().click()
    await moves('camera-1', '240x320')
    await page.getByLabel('Frames per second of camera-1').selectOption('5 fps')
    await expect.poll(() => clientsOf('camera-1')[0]?.skipped ?? 0, { timeout: 20_000 }).toBeGreaterThan(20)
  })

  test('has no MJPEG stream of a camera that is scrolled away', async () => {
    await page.routeWebSocket('**/ws', (socket) => void socket.close())
    await page.setViewportSize({ width: 400, height: 500 })
    await page.goto(await start({ streams: many(4) }))
    await moves('camera-1')
    expect(clientsOf('camera-4')).toHaveLength(0)
    await stateOf('camera-4').scrollIntoViewIfNeeded()
    await moves('camera-4')
    await page.locator('article').last().getByText('MJPEG').waitFor()
    await expect.poll(() => clientsOf('camera-1').length, { timeout: 20_000 }).toBe(0)
  })

  test('does with snapshots where something on the way gathers a stream', async () => {
    await page.routeWebSocket('**/ws', (socket) => void socket.close())
    await page.route('**/stream.mjpg*', (route) => route.abort())
    await page.goto(await start({ source: camera }))
    await page.locator('.facts').getByText('snapshots').waitFor()
    await moves()
  })

  test('heals MJPEG streams that are cut with the server', async () => {
    await page.routeWebSocket('**/ws', (socket) => void socket.close())
    const url = await start({ source: camera })
    await page.goto(url)
    await moves()
    await page.locator('.facts').getByText('MJPEG').waitFor()
    let failed = 0
    page.on('requestfailed', (request) => {
      if (/\/(stream\.mjpg|snapshot\.jpg)$/.test(new URL(request.url()).pathname)) failed++
    })
    await streamer!.stop()
    await shows('the server does not answer; trying again')
    // So long that MJPEG was given up.
    await expect.poll(() => failed, { timeout: 30_000 }).toBeGreaterThan(4)
    await start({ source: { ...camera, width: 160, height: 120 } }, Number(new URL(url).port))
    await moves('main', '160x120')
    await page.locator('.facts').getByText('MJPEG').waitFor()
  })

  test('leaves MJPEG when a WebSocket comes through again, at the latest with the next start of the server', async () => {
    let isOpen = false
    await page.routeWebSocket('**/ws', (socket) => {
      if (isOpen) socket.connectToServer()
      else void socket.close()
    })
    const url = await start({ source: camera })
    await page.goto(url)
    await page.locator('.facts').getByText('MJPEG').waitFor()
    isOpen = true
    await streamer!.stop()
    await start({ source: { ...camera, width: 160, height: 120 } }, Number(new URL(url).port))
    await page.locator('.facts').getByText('MJPEG').waitFor({ state: 'detached' })
    await moves('main', '160x120')
    expect(clientsOf('main')).toHaveLength(1)
  })

  test('is used with the keyboard', async () => {
    await page.goto(await start({ source: camera }))
    await moves()
    await page.keyboard.press('r')
    await moves('main', '240x320')
    await page.keyboard.press('g')
    await page.getByRole('img', { name: /^main over the last minutes: now \d+\.\d frames per second/ }).waitFor()
    await page.keyboard.press('f')
    await expect.poll(() => page.evaluate(() => document.fullscreenElement?.className)).toBe('stage')
    await page.keyboard.press('f')
    const download = page.waitForEvent('download')
    await page.keyboard.press('s')
    const bytes = await readFile(await (await download).path())
    expect([...bytes.subarray(0, 2)]).toEqual([0xff, 0xd8])
  })

  test('remembers how its pictures are turned, how many are wanted, and that it shall not listen to keys', async () => {
    await page.goto(await start({ source: camera }))
    await moves()
    await page.keyboard.press('Shift+R')
    await page.keyboard.press('r')
    await moves('main', '240x320')
    await page.getByLabel('Frames per second of main').selectOption('5 fps')
    await page.getByRole('checkbox', { name: 'keys' }).uncheck()
    await page.reload()
    await moves('main', '240x320')
    await expect.poll(() => clientsOf('main')[0]?.skipped ?? 0, { timeout: 20_000 }).toBeGreaterThan(20)
    await page.locator('body').press('r')
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Snapshot' }).click()
    // Turned as it is shown, and not once more.
    const size = await page.evaluate(
      async (jpeg) => {
        const { width, height } = await createImageBitmap(new Blob([Uint8Array.from(jpeg)]))
        return [width, height]
      },
      [...(await readFile(await (await download).path()))]
    )
    expect(size).toEqual([240, 320])
    expect(await picture('main')).toMatch(/^240x320 /)
  })

  test('is opened by a link, whose token it keeps for what it asks', async () => {
    const key = 'the key of this server'
    const url = await start({ source: camera, transports: [{ use: 'http', host: '127.0.0.1', port: 0, key }] })
    expect((await page.goto(url))!.status()).toBe(401)
    complaints.length = 0
    const token = makeLinkToken({ stream: '*', expiresAtMs: Date.now() + 3_600_000 }, Buffer.from(key))
    await page.goto(`${url}?token=${token}`)
    await moves()
    await shows(/^live$/)
    await page.getByRole('button', { name: 'Controls' }).click()
    await page.getByLabel('brightness', { exact: true }).fill('0.5')
    await shows(/^Nothing was changed: this may be done from the own network only/)
    expect(new URL(page.url()).search).toBe('')
    await page.reload()
    await moves()
    expect(streamer!.streams.get('main')!.controls!.values().brightness).toBe(0)
    expect(complaints.filter((text) => !text.includes('401') && !text.includes('403'))).toEqual([])
  })

  test('asks for a name and a password where there are users, over HTTPS', async () => {
    const { folder, tls } = makeCertificate()
    const profileWithPassword = await mkdtemp(join(tmpdir(), 'streamer-chromium-'))
    const context = await chromium.launchPersistentContext(profileWithPassword, {
      executablePath,
      args,
      viewport: desktop,
      ignoreHTTPSErrors: true,
      httpCredentials: { username: 'anna', password: 'a password' }
    })
    try {
      const users = { anna: { password: await hashPassword('a password'), role: 'admin' } }
      const files = { cert: join(folder, tls.cert), key: join(folder, tls.key) }
      const http = { use: 'http', host: '127.0.0.1', port: 0, users, tls: files }
      const url = await start({ source: camera, transports: [http] })
      expect(url).toMatch(/^https:/)
      page = context.pages()[0]!
      const sockets: string[] = []
      page.on('websocket', (socket) => sockets.push(new URL(socket.url()).protocol))
      await page.goto(url)
      await moves()
      await page.getByRole('button', { name: 'Controls' }).click()
      await page.getByLabel('brightness', { exact: true }).fill('0.5')
      const { controls } = streamer!.streams.get('main')!
      await expect.poll(() => controls!.values().brightness, { timeout: 20_000 }).toBe(0.5)
      expect(sockets).toEqual(['wss:'])
    } finally {
      await context.close()
      for (const made of [folder, profileWithPassword]) await rm(made, { recursive: true, force: true, maxRetries: 5 })
    }
  })

  for (const [device, viewport] of Object.entries({ desktop, phone })) {
    for (const colorScheme of ['light', 'dark'] as const) {
      test(`fits on a ${device} in ${colorScheme} colours, nothing lies over anything else, and axe finds nothing`, async () => {
        const streams = {
          front: { source: { ...camera, width: 1280, height: 720 } },
          door: { source: { ...camera, faults: { failStarts: 100_000 } } },
          garden: { source: { ...camera, width: 480, height: 640 } }
        }
        await page.setViewportSize(viewport)
        await page.emulateMedia({ colorScheme })
        await page.goto(await start({ streams }))
        await shows(/^no signal$/)
        await moves('front')
        for (const name of ['Controls', 'Graph']) await page.getByRole('button', { name }).first().click()
        await page.getByLabel('pattern', { exact: true }).waitFor()
        const seen = await page.evaluate(() => {
          const parts =
            'h1, h2, .stage, .state, .number, button, select, label, input, output, .plot, .legend, #server, footer'
          const boxes = Array.from(document.querySelectorAll(parts), (one) => {
            const { left, top, right, bottom } = one.getBoundingClientRect()
            return { one, what: one.outerHTML.slice(0, 60), left, top, right, bottom }
          }).filter(({ left, right }) => right > left)
          const overlaps = boxes.flatMap((one, index) =>
            boxes
              .slice(index + 1)
              .filter(
                (two) =>
                  !one.one.contains(two.one) &&
                  one.left < two.right - 1 &&
                  two.left < one.right - 1 &&
                  one.top < two.bottom - 1 &&
                  two.top < one.bottom - 1
              )
              .map((two) => `${one.what} and ${two.what}`)
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
        expect(seen.count).toBeGreaterThan(30)
        const [red = 0] = Array.from(seen.ground.matchAll(/\d+/g), Number)
        expect(red > 128).toBe(colorScheme === 'light')
        expect(await violations()).toEqual([])
      })
    }
  }
})

/** What axe-core, whose rules are those of WCAG and of good practice, finds wrong with the page. */
async function violations(): Promise<string[]> {
  // In a world of its own, which the page's rules for scripts do not concern.
  const session = await browser.newCDPSession(page)
  const { frameTree } = await session.send('Page.getFrameTree')
  const { executionContextId: contextId } = await session.send('Page.createIsolatedWorld', {
    frameId: frameTree.frame.id
  })
  await session.send('Runtime.evaluate', { expression: axe.source, contextId })
  const expression = `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))`
  const { result } = await session.send('Runtime.evaluate', {
    expression,
    contextId,
    awaitPromise: true,
    returnByValue: true
  })
  return result.value as string[]
}
