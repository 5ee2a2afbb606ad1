import { Card, freshMs } from './card.js'
import { Clock } from './clock.js'
import { Live } from './live.js'
import { refusalOf } from './refusal.js'
import { recall, remember } from './remembered.js'

/** How often the server is asked for its state. Milliseconds. */
const stateMs = 1000
/** And when it refuses whoever asks, where each request may count against them. Milliseconds. */
const refusedMs = 5000
/** Streams that the page opens where no WebSocket comes through: a browser has six connections for a server, and some are for other questions. */
const livePictures = 3
/** `Date` of an answer has whole seconds; a clock that is off by more was set since the server started. Milliseconds. */
const setClockMs = 2500

const main = document.querySelector('main')
const server = document.getElementById('server')
const { root, viewer } = main.dataset
const isOfOne = root !== ''
const names = JSON.parse(main.dataset.names)
/** Of a link that somebody was given. */
let token = new URLSearchParams(location.search).get('token')

function addressOf(path, query = {}) {
  const address = new URL(root + path, location.href)
  address.search = new URLSearchParams({ ...query, ...(token !== null && { token }) }).toString()
  return address
}

/** Of the server, where no WebSocket tells it. */
const clock = new Clock()
const cards = new Map()
for (const name of names) {
  const folder = `${encodeURIComponent(name)}/`
  const card = new Card(name, {
    address: (leaf, query) => addressOf(folder + leaf, { viewer, ...query }).href,
    api: () => addressOf(`api/v1/streams/${folder}controls`).href,
    page: main.dataset.single === 'yes' ? undefined : addressOf(folder).href,
    ours: (theirMs) => clock.ours(theirMs),
    onChange: watch,
    onRefused: refused
  })
  cards.set(name, card)
  main.append(card.element)
}

/** MJPEG or snapshots are shown, because the WebSocket brings nothing. */
let isFallback = false
const live = new Live(
  () => {
    const address = addressOf('ws')
    address.protocol = address.protocol.replace('http', 'ws')
    return address.href
  },
  {
    frame: (name, frame) => {
      if (isFallback) {
        isFallback = false
        watch()
      }
      cards.get(name)?.take(frame)
    },
    up: () => {
      for (const card of cards.values()) card.restarted()
    },
    down: () => {
      if (!isFallback) for (const card of cards.values()) card.cut()
    },
    useless: () => {
      isFallback = true
      watch()
    }
  }
)

const isLookedAt = (card) => card.isOut || (card.isNear && !document.hidden)
/** Nobody sees what is written in a hidden tab, but its small window goes on. */
const isAtRest = () => document.hidden && ![...cards.values()].some(({ isOut }) => isOut)

/** Asks for what can be seen. */
function watch() {
  const seen = [...cards.values()].filter(isLookedAt)
  live.watch(Object.fromEntries(seen.map((card) => [card.name, card.wanted])))
  for (const card of cards.values()) {
    const index = seen.indexOf(card)
    if (isFallback) card.useFallback(index >= 0, index < livePictures)
    else card.useSocket(index >= 0)
  }
}

/** The server can be reached and has no place for us: that is why no WebSocket came through, which takes one place for all streams. */
function refused() {
  if (!isFallback || [...cards.values()].some(({ isServed }) => isServed)) return
  isFallback = false
  live.again()
  watch()
}

const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) cards.get(target.dataset.name).isNear = isIntersecting
    watch()
  },
  // One that is about to be scrolled to is there in time.
  { rootMargin: '50%' }
)
for (const card of cards.values()) observer.observe(card.element)

let hiddenMs
document.addEventListener('visibilitychange', () => {
  const nowMs = performance.now()
  if (document.hidden) hiddenMs ??= nowMs
  else if (hiddenMs !== undefined) {
    for (const card of cards.values()) if (!card.isOut) card.rested(Math.round((nowMs - hiddenMs) / 1000))
    hiddenMs = undefined
    tickedMs = nowMs
  }
  watch()
  if (!isAtRest()) void look()
})
addEventListener('online', () => {
  live.hurry()
  void look()
})

let startedAtMs = 0
let isLost = false
let lookTimer
let isLooking = false

async function look() {
  if (isLooking) return
  isLooking = true
  clearTimeout(lookTimer)
  let pauseMs = stateMs
  try {
    const askedMs = Date.now()
    const answer = await fetch(addressOf('state'), { cache: 'no-store', signal: AbortSignal.timeout(5000) })
    if (!answer.ok) throw await refusalOf(answer)
    const state = await answer.json()
    noteClock(askedMs, answer, state)
    take(state)
  } catch (error) {
    isLost = true
    const isPersonal = error.isPersonal === true
    if (isPersonal) pauseMs = Math.max(refusedMs, error.retryMs)
    show(error.status === undefined ? 'the server does not answer; trying again' : error.message, true)
    live.unanswered(isPersonal)
    for (const card of cards.values()) card.lost()
  }
  isLooking = false
  if (!isAtRest()) lookTimer = setTimeout(look, pauseMs)
}

function noteClock(askedMs, answer, { startedAtMs: startMs, uptimeMs }) {
  const dateMs = Date.parse(answer.headers.get('Date') ?? '')
  const theirMs = startMs + uptimeMs
  if (Math.abs(theirMs - dateMs) < setClockMs) clock.note(askedMs, theirMs)
  else clock.forget()
}

function take(state) {
  const isAnother = startedAtMs !== 0 && state.startedAtMs !== startedAtMs
  startedAtMs = state.startedAtMs
  if (isLost || isAnother) {
    clock.forget()
    live.hurry()
    for (const card of cards.values()) card.renewed()
  }
  isLost = false
  live.answered()
  for (const card of cards.values()) card.describe(state.streams.find(({ name }) => name === card.name))
  if (!isOfOne) tellOfChange(state.streams.filter(({ paths }) => paths !== null).map(({ name }) => name))
  // One that watches three streams over one connection is one.
  const clients = new Set(
    state.streams.flatMap((stream) => stream.clients.map(({ transport, label }) => `${transport} ${label}`))
  ).size
  show(clients === 1 ? '1 client' : `${clients} clients`, false)
}

function show(text, isBad) {
  if (server.textContent !== text) server.textContent = text
  server.className = isBad ? 'bad' : ''
}

const changed = document.getElementById('changed')
changed.querySelector('button').addEventListener('click', () => location.reload())

/** The page was made for the streams of then. */
function tellOfChange(there) {
  const isSame = there.length === names.length && there.every((name) => cards.has(name))
  if (changed.hidden !== isSame) changed.hidden = isSame
}

let tickedMs = performance.now()
setInterval(() => {
  if (isAtRest()) return
  const nowMs = performance.now()
  const seconds = (nowMs - tickedMs) / 1000
  tickedMs = nowMs
  // A machine that slept, or had no time for us.
  const missed = Math.round(seconds) - 1
  for (const card of cards.values()) {
    if (document.hidden && !card.isOut) continue
    if (missed > 0) card.rested(missed)
    card.tick(seconds)
  }
  const isStalled = [...cards.values()].some((card) => card.stalledMs(nowMs) > freshMs)
  if (isStalled && !isFallback) live.renew()
}, 1000)

const deeds = {
  s: (card) => card.snapshot(),
  f: (card) => card.fullScreen(),
  r: (card) => card.turn(),
  p: (card) => card.small(),
  c: (card) => card.toggleControls(),
  g: (card) => card.toggleGraph()
}
/** Whoever speaks to the machine, or strays on the keyboard, can turn them off (WCAG 2.1.4). */
const keys = document.getElementById('keys')
keys.checked = recall('keys', true) !== false
keys.addEventListener('change', () => remember('keys', keys.checked ? undefined : false))
document.getElementById('keys-help').hidden = false
addEventListener('keydown', (event) => {
  if (!keys.checked || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || event.repeat) return
  if (event.target.matches('input, select, textarea')) return
  const deed = deeds[event.key.toLowerCase()]
  const name = event.target.closest('article')?.dataset.name ?? names[0]
  if (deed && cards.has(name)) void Promise.resolve(deed(cards.get(name))).catch(() => {})
})

/** A token in the address is seen by whoever sees the screen and stays in the history; the server has put it into a cookie. */
async function dropToken() {
  if (token === null) return
  const bare = addressOf('state')
  bare.searchParams.delete('token')
  const answer = await fetch(bare, { cache: 'no-store' }).catch(() => undefined)
  if (!answer?.ok) return
  token = null
  const address = new URL(location.href)
  address.searchParams.delete('token')
  history.replaceState(history.state, '', address)
}

await dropToken()
watch()
void look()
