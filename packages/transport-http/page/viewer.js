import { Card } from './card.js'
import { Live } from './live.js'

/** Live, and no frame for so long: the connection is opened anew. Milliseconds. */
const stallMs = 5000
/** How often the server is asked for its state. */
const stateMs = 1000

const main = document.querySelector('main')
const server = document.getElementById('server')
const { root, viewer } = main.dataset
const names = JSON.parse(main.dataset.names)
/** Of a link that somebody was given. */
const token = new URLSearchParams(location.search).get('token')

function addressOf(path, query = {}) {
  const address = new URL(root + path, location.href)
  address.search = new URLSearchParams({ ...query, ...(token !== null && { token }) }).toString()
  return address
}

const cards = new Map()
for (const [index, name] of names.entries()) {
  const folder = `${encodeURIComponent(name)}/`
  const card = new Card(name, index, {
    address: (leaf, query) => addressOf(folder + leaf, { viewer, ...query }).href,
    api: addressOf(`api/v1/streams/${folder}controls`).href,
    page: main.dataset.single === 'yes' ? undefined : addressOf(folder).href,
    onRate: watch
  })
  cards.set(name, card)
  main.append(card.element)
}

const socketAddress = addressOf('ws')
socketAddress.protocol = socketAddress.protocol.replace('http', 'ws')
let isFallback = false
const live = new Live(socketAddress.href, {
  frame: (name, frame) => cards.get(name)?.take(frame),
  up: () => {
    for (const card of cards.values()) card.restarted()
  },
  down: () => {
    for (const card of cards.values()) card.lost()
  },
  useless: () => {
    isFallback = true
    live.end()
    watch()
  }
})

/** Asks for what can be seen. */
function watch() {
  const seen = [...cards.values()].filter((card) => card.isNear && !document.hidden)
  if (isFallback) {
    for (const card of cards.values()) if (seen.includes(card)) card.useFallback()
    return
  }
  live.watch(Object.fromEntries(seen.map((card) => [card.name, card.wanted])))
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

document.addEventListener('visibilitychange', () => {
  for (const card of cards.values()) document.hidden ? card.pause() : card.resume()
  watch()
  if (!document.hidden) void look()
})
addEventListener('online', () => live.hurry())

let startedAtMs = 0
let isLost = false
let lookTimer
let isLooking = false

async function look() {
  if (isLooking) return
  isLooking = true
  clearTimeout(lookTimer)
  try {
    const answer = await fetch(addressOf('state', { viewer }), { cache: 'no-store', signal: AbortSignal.timeout(5000) })
    if (!answer.ok) throw new Error(`the server answers ${answer.status}`)
    take(await answer.json())
  } catch {
    isLost = true
    show('the server does not answer; trying again', true)
    for (const card of cards.values()) card.lost()
  }
  isLooking = false
  if (!document.hidden) lookTimer = setTimeout(look, stateMs)
}

function take(state) {
  const isAnother = startedAtMs !== 0 && state.startedAtMs !== startedAtMs
  startedAtMs = state.startedAtMs
  if (isLost || isAnother) {
    live.hurry()
    for (const card of cards.values()) card.restarted()
  }
  isLost = false
  for (const card of cards.values()) {
    const stream = state.streams.find(({ name }) => name === card.name)
    card.describe(stream, state.viewing?.includes(card.name) ?? false)
  }
  const clients = state.streams.reduce((sum, stream) => sum + stream.clients.length, 0)
  show(clients === 1 ? '1 client' : `${clients} clients`, false)
}

function show(text, isBad) {
  if (server.textContent !== text) server.textContent = text
  server.className = isBad ? 'bad' : ''
}

let tickedMs = performance.now()
setInterval(() => {
  const nowMs = performance.now()
  const elapsedMs = nowMs - tickedMs
  tickedMs = nowMs
  if (document.hidden) return
  for (const card of cards.values()) card.tick(elapsedMs / 1000)
  const isStalled = [...cards.values()].some((card) => card.isNear && card.stalledMs(nowMs) > stallMs)
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
addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches('input, select, textarea')) return
  const deed = deeds[event.key.toLowerCase()]
  const name = event.target.closest('article')?.dataset.name ?? names[0]
  if (deed && cards.has(name)) void Promise.resolve(deed(cards.get(name))).catch(() => {})
})

void look()
