import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compose, type Streamer } from '@streamer/core'
import { type BrowserContext, chromium } from 'playwright-core'
import { afterEach, beforeEach, test } from 'vitest'

const executablePath = '/usr/bin/chromium'
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking']

let profile: string
let browser: BrowserContext
let streamer: Streamer
let site: Server

beforeEach(async () => {
  profile = await mkdtemp(join(tmpdir(), 'streamer-chromium-'))
  browser = await chromium.launchPersistentContext(profile, { executablePath, args })
  const source = { use: 'fake', output: 'jpeg', width: 320, height: 240 } as const
  streamer = await compose({ source, transports: [{ use: 'http', host: '127.0.0.1', port: 0 }] })
  await streamer.start()
})

afterEach(async () => {
  await browser.close()
  await streamer.stop()
  site.close()
  await rm(profile, { recursive: true, force: true, maxRetries: 5 })
})

/** Mainsail, Home Assistant and many home-made pages do this. Browsers look at `nosniff` in what one site takes from another, and not within one. */
test('a page of another site shows stream and snapshot in <img>', async () => {
  const [ours = ''] = streamer.urls
  const body = `<!doctype html><img id=stream src="${ours}stream.mjpg"><img id=snapshot src="${ours}snapshot.jpg">`
  site = createServer((_, response) => response.setHeader('Content-Type', 'text/html').end(body))
  site.listen(0, '127.0.0.1')
  await once(site, 'listening')
  const page = await browser.newPage()
  // Another site than 127.0.0.1. The stream goes on, so the page never finishes loading.
  await page.goto(`http://localhost:${(site.address() as AddressInfo).port}/`, { waitUntil: 'commit' })
  for (const id of ['stream', 'snapshot']) {
    await page.waitForFunction(
      (name) => (document.getElementById(name) as HTMLImageElement | null)?.naturalWidth === 320,
      id
    )
  }
})
