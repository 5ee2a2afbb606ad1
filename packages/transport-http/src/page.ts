import { createHash } from 'node:crypto'

/** Live pictures that one page opens: a browser has six connections for a server, and one is for the state. The others are snapshots, again and again. */
const livePictures = 4

/** So long may a stream take to begin, also in a browser that has no connection left for it, before the page tries anew. */
const patienceMs = 10_000

const style = `
:root { color-scheme: light dark; --ground: #f4f5f7; --card: #fff; --ink: #1b1f24; --soft: #59636e; --line: #d5d9de; --live: #177a3b; --bad: #b3261e; --wait: #8a5a00 }
@media (prefers-color-scheme: dark) {
  :root { --ground: #101215; --card: #1a1d21; --ink: #e8eaed; --soft: #a3abb5; --line: #33383f; --live: #5dd28a; --bad: #ff8a80; --wait: #f2bd5c }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.4 system-ui, sans-serif }
header, main, footer { max-width: 90rem; margin: 0 auto; padding: .75rem 1rem }
header { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; justify-content: space-between }
h1 { font-size: 1.2rem; margin: 0 }
h2 { font-size: 1rem; margin: 0; overflow-wrap: anywhere }
main { display: grid; gap: 1rem; align-items: start; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); padding-block: 0 }
main.one { max-width: 60rem }
article { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; overflow: hidden; min-width: 0 }
img { display: block; width: 100%; aspect-ratio: 4 / 3; max-height: 75vh; object-fit: contain; background: #000; color: #ccc }
.facts { display: flex; flex-wrap: wrap; gap: .15rem .9rem; align-items: baseline; padding: .6rem .8rem }
.state { font-weight: 600; color: var(--wait); overflow-wrap: anywhere }
.state.live { color: var(--live) } .state.bad { color: var(--bad) }
.rate, .size, footer, #server { color: var(--soft); font-variant-numeric: tabular-nums }
.links { margin-left: auto; display: flex; gap: .9rem }
a { color: inherit; padding: .2rem 0 }
#server.bad { color: var(--bad); font-weight: 600 }
footer { font-size: .9rem }
`

const script = `
'use strict'
const main = document.querySelector('main')
const server = document.getElementById('server')
const cards = Array.from(document.querySelectorAll('article'), (article) => ({
  name: article.dataset.name,
  live: article.dataset.live === 'yes',
  source: article.dataset.source,
  image: article.querySelector('img'),
  state: article.querySelector('.state'),
  rate: article.querySelector('.rate'),
  size: article.querySelector('.size'),
  failures: 0,
  timer: 0,
  loadedMs: Date.now(),
  begun: false
}))
let startedAtMs = 0
let lost = false
let lookedMs = Date.now()

function show (element, text, kind) {
  if (element.textContent !== text) element.textContent = text
  element.className = element.className.split(' ')[0] + (kind ? ' ' + kind : '')
}
function load (card) {
  clearTimeout(card.timer)
  card.loadedMs = Date.now()
  card.begun = false
  card.image.src = card.source + '&t=' + Date.now()
}
function retry (card) {
  clearTimeout(card.timer)
  card.timer = setTimeout(load, Math.min(10000, 500 * 2 ** card.failures++), card)
}
for (const card of cards) {
  card.image.addEventListener('error', () => retry(card))
  card.image.addEventListener('load', () => {
    card.failures = 0
    if (!card.live) card.timer = setTimeout(load, 1000, card)
  })
  // It may have failed, or a snapshot may have come, before this ran.
  if (card.image.complete && card.image.naturalWidth === 0) retry(card)
  else if (card.image.complete && !card.live) card.timer = setTimeout(load, 1000, card)
}
// Chromium does not say either that a single stream was cut, but the server knows which ones of this page are open.
function follow (card, viewing) {
  if (!card.live) return
  if (viewing.includes(card.name)) card.begun = true
  else if (card.begun || Date.now() - card.loadedMs > ${patienceMs}) load(card)
}
function describe (card, stream) {
  if (!stream) return show(card.state, 'not there any more', 'bad')
  if (stream.state === 'live') show(card.state, 'live', 'live')
  else if (stream.state === 'recovering') show(card.state, 'no signal: ' + (stream.lastFailure ? stream.lastFailure.message : 'the camera gives no pictures'), 'bad')
  else show(card.state, 'connecting…')
  card.rate.textContent = stream.state === 'live' ? stream.framerate.toFixed(1) + ' fps' : ''
  card.size.textContent = stream.width ? stream.width + '×' + stream.height : ''
  if (stream.width) card.image.style.aspectRatio = stream.width + ' / ' + stream.height
}
async function look () {
  // After a long pause (the computer slept) the server may have cut the streams, and the browser says nothing of it.
  if (Date.now() - lookedMs > 8000) lost = true
  lookedMs = Date.now()
  try {
    const answer = await fetch(main.dataset.state, { cache: 'no-store', signal: AbortSignal.timeout(5000) })
    if (!answer.ok) throw new Error('the server answers ' + answer.status)
    const state = await answer.json()
    // Chromium does not say that a stream has ended: after a restart every picture is loaded anew.
    if (lost || (startedAtMs !== 0 && state.startedAtMs !== startedAtMs)) cards.forEach(load)
    lost = false
    startedAtMs = state.startedAtMs
    for (const card of cards) {
      follow(card, state.viewing)
      describe(card, state.streams.find((stream) => stream.name === card.name))
    }
    const clients = state.streams.reduce((sum, stream) => sum + stream.clients.length, 0)
    show(server, clients + (clients === 1 ? ' client' : ' clients'))
  } catch {
    lost = true
    show(server, 'the server does not answer; trying again', 'bad')
    for (const card of cards) {
      show(card.state, 'connecting…')
      card.rate.textContent = ''
    }
  }
  setTimeout(look, 1000)
}
look()
`

/** What the page may do: its own style and script and nothing else, pictures and state from this server only. */
export const pageCsp = [
  "default-src 'none'",
  "img-src 'self' data:",
  "connect-src 'self'",
  `style-src '${hashOf(style)}'`,
  `script-src '${hashOf(script)}'`,
  "base-uri 'none'",
  "form-action 'none'"
].join('; ')

/**
 * The page: one document without any other asset.
 * @param names of the streams to show, in this order.
 * @param nested whether the page is that of one stream, one folder below the root. All addresses are relative, so that the
 *   page also works behind a proxy that adds a prefix.
 * @param viewer a word by which the server knows the streams of this very page again.
 */
export function renderPage(names: readonly string[], nested: boolean, viewer: string): string {
  const only = names.length === 1
  const cards = names.map((name, index) =>
    renderCard(name, nested ? '' : `${encodeURIComponent(name)}/`, index, viewer)
  )
  const title = nested && names[0] !== undefined ? `${escapeHtml(names[0])} – Streamer` : 'Streamer'
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<header><h1>${title}</h1><span id="server"></span></header>
<main class="${only ? 'one' : 'many'}" data-state="${nested ? '../' : ''}state?viewer=${viewer}">
${cards.join('\n') || '<p>No stream is configured.</p>'}
</main>
<footer>${nested ? '<a href="../">all streams</a> · ' : ''}<a href="${nested ? '../' : ''}state">state as JSON</a></footer>
<script>${script}</script>
</body>
</html>
`
}

function renderCard(name: string, base: string, index: number, viewer: string): string {
  const live = index < livePictures
  const source = `${base}${live ? 'stream.mjpg' : 'snapshot.jpg'}?viewer=${viewer}`
  return `<article data-name="${escapeHtml(name)}" data-live="${live ? 'yes' : 'no'}" data-source="${escapeHtml(source)}">
<img src="${escapeHtml(source)}" alt="Live picture of ${escapeHtml(name)}">
<div class="facts">
<h2>${base === '' ? escapeHtml(name) : `<a href="${escapeHtml(base)}">${escapeHtml(name)}</a>`}</h2>
<span class="state" role="status">connecting…</span>
<span class="rate"></span>
<span class="size"></span>
<span class="links"><a href="${escapeHtml(base)}snapshot.jpg">snapshot</a><a href="${escapeHtml(base)}stream.mjpg">stream</a></span>
</div>
</article>`
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

/** Safe as text and within a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
