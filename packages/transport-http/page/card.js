import { ControlPanel } from './controls.js'
import { Fallback } from './fallback.js'
import { Meter } from './meter.js'
import { Picture } from './picture.js'
import { Plot } from './plot.js'
import { refusalOf } from './refusal.js'
import { recall, remember } from './remembered.js'

/** So long a picture counts as one of now: the server gives a silent camera's last one again each second. Milliseconds. */
export const freshMs = 5000
/** And so long when the server says nothing: then it may be gone. Milliseconds. */
const freshAloneMs = 2000
/** So long what came of a key or a button stands there. Milliseconds. */
const saidMs = 10_000
/** A snapshot that is turned as on the page is encoded anew. */
const turnedQuality = 0.95

/** One stream on the page: its picture, its numbers, and what can be done with it. */
export class Card {
  name
  element
  /** It is on the screen, or near it. */
  isNear = true
  /** It is in a small window above others, whatever became of its place on the page. */
  isOut = false
  #isWatched = false
  #meter = new Meter()
  #picture
  #fallback
  #plot
  #panel
  #parts
  #host
  /** As the server describes it; undefined when it knows none of that name, or has said nothing yet. */
  #stream
  #isGone = false
  /** What the server said in place of a picture. */
  #refusal = ''
  #said = ''
  #saidUntilMs = 0
  #shownMs = Number.NEGATIVE_INFINITY
  /** The connection was lost, and nothing was shown since. */
  #isCut = false
  /** Of the last frame of the camera: its number, or when it was taken. */
  #mark
  #isSaving = false
  #video

  /**
   * @param host `address(leaf, query)` makes an address below this stream, `api` is that of its controls, `page` that of its own page if it has one;
   *   `ours(milliseconds)` turns a time of the server into one of ours; `onChange()` is told when something else is wanted,
   *   `onRefused()` when the server had an answer, but no stream for what was asked in place of the WebSocket.
   */
  constructor(name, host) {
    this.name = name
    this.#host = host
    this.element = document.createElement('article')
    this.element.dataset.name = name
    this.#parts = this.#build(host.page)
    const { canvas, graph, settings, rate } = this.#parts
    this.#picture = new Picture(canvas, (frame) => this.#shown(frame))
    this.#fallback = new Fallback(host.address, {
      frame: ({ data, capturedMs }) =>
        this.#come({
          data,
          mark: capturedMs,
          // Its head does not tell them apart.
          isPlaceholder: this.#stream?.state === 'recovering',
          capturedMs: capturedMs === undefined ? undefined : host.ours(capturedMs)
        }),
      kind: (kind) => this.#useWay(kind),
      refused: (sentence, isStream) => {
        this.#refusal = sentence
        this.#describe()
        if (sentence !== '' && isStream) host.onRefused()
      }
    })
    this.#plot = new Plot(graph, name)
    graph.append(legend())
    this.#panel = new ControlPanel(settings, name, host.api)
    this.#picture.turns = recall(`turns ${name}`, 0) % 4 || 0
    const fps = recall(`fps ${name}`, '')
    if (Array.from(rate.options, ({ value }) => value).includes(fps)) rate.value = fps
    rate.addEventListener('change', () => {
      remember(`fps ${name}`, rate.value || undefined)
      this.#meter.begin()
      host.onChange()
    })
  }

  /** What the server is asked for. */
  get wanted() {
    const fps = Number(this.#parts.rate.value)
    return fps > 0 ? { fps } : {}
  }

  /** Pictures came without a WebSocket. */
  get isServed() {
    return this.#parts.way.textContent !== ''
  }

  /** A frame came over the WebSocket. */
  take(frame) {
    this.#refusal = ''
    this.#come({ ...frame, mark: frame.sequence })
  }

  /** Its pictures come over the WebSocket, or shall. */
  useSocket(isWatched) {
    this.#isWatched = isWatched
    this.#fallback.stop()
    this.#useWay('')
    this.#describe()
  }

  /** No WebSocket comes through. @param isStream whether there is a connection to spare for a stream. */
  useFallback(isWatched, isStream) {
    this.#isWatched = isWatched
    if (isWatched) this.#fallback.start(isStream, this.wanted.fps)
    else this.#fallback.stop()
    this.#describe()
  }

  /** The server was started anew, or the connection was. */
  restarted() {
    this.#meter.begin()
  }

  /** The server can be reached again. */
  renewed() {
    this.#refusal = ''
    this.#meter.begin()
    this.#fallback.renew()
  }

  /** Nobody looked for so many seconds. */
  rested(seconds) {
    this.#meter.rest(seconds)
    this.#meter.begin()
  }

  /** Takes what the server says of the stream; undefined when it knows none of that name. */
  describe(stream) {
    this.#stream = stream
    this.#isGone = stream === undefined
    this.#describe()
  }

  /** The connection that brought its pictures was lost. */
  cut() {
    this.#isCut = true
    this.#describe()
  }

  /** The server says nothing of it. */
  lost() {
    this.#stream = undefined
    this.#isGone = false
    this.#describe()
  }

  /** Once a second. */
  tick(seconds) {
    if (this.#isWatched) this.#meter.tick(seconds)
    else this.#meter.rest(1)
    const { rates, delay, bits, drops, graph } = this.#parts
    const { framerate, delayMs, bitsPerSecond, isShown } = this.#meter.now
    rates.textContent = isShown ? `${framerate.toFixed(1)} fps` : ''
    delay.textContent = delayMs === undefined ? '' : `${Math.round(delayMs)} ms`
    bits.textContent = bitsPerSecond > 0 ? bitsOf(bitsPerSecond) : ''
    drops.textContent = this.#meter.drops > 0 ? `${this.#meter.drops} dropped` : ''
    if (!graph.hidden) this.#plot.draw(this.#meter.history)
    this.#describe()
  }

  /** Live, but nothing was shown for so long, though something was before. Milliseconds. */
  stalledMs(nowMs) {
    const isStill = this.#isWatched && this.#stream?.state === 'live' && Number.isFinite(this.#shownMs)
    return isStill ? nowMs - this.#shownMs : 0
  }

  /** Saves a picture, turned as it is shown; or says why there is none. */
  async snapshot() {
    if (this.#isSaving) return
    this.#isSaving = true
    try {
      const answer = await fetch(this.#host.address('snapshot.jpg', {}), { cache: 'no-store' })
      if (!answer.ok) throw await refusalOf(answer)
      const blob = await answer.blob()
      save(
        this.#picture.turns === 0 ? blob : await this.#picture.turned(blob, turnedQuality),
        `${this.name} ${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.jpg`
      )
      this.#say('')
    } catch (error) {
      this.#say(`no snapshot: ${error.status === undefined ? 'the server does not answer' : error.message}`)
    }
    this.#isSaving = false
  }

  async fullScreen() {
    if (document.fullscreenElement) await document.exitFullscreen()
    else await this.#parts.stage.requestFullscreen?.()
  }

  turn() {
    this.#picture.turn()
    remember(`turns ${this.name}`, this.#picture.turns || undefined)
    this.#describe()
  }

  /** Shows the picture in a small window that stays above others, and goes on when the page is hidden. */
  async small() {
    if (!document.pictureInPictureEnabled) return
    if (this.isOut) {
      await document.exitPictureInPicture()
      return
    }
    if (!this.#video) {
      this.#video = Object.assign(document.createElement('video'), { muted: true, playsInline: true })
      this.#video.addEventListener('leavepictureinpicture', () => this.#setOut(false))
    }
    this.#video.srcObject = this.#parts.canvas.captureStream()
    try {
      await this.#video.play()
      await this.#video.requestPictureInPicture()
      this.#setOut(true)
    } catch (error) {
      this.#setOut(false)
      this.#say(`the browser opens no small window: ${error.message}`)
    }
  }

  toggleControls() {
    const { settings, set } = this.#parts
    settings.hidden = !settings.hidden
    set.setAttribute('aria-expanded', String(!settings.hidden))
    if (settings.hidden) this.#panel.close()
    else this.#panel.open()
  }

  toggleGraph() {
    const { graph, plot } = this.#parts
    graph.hidden = !graph.hidden
    plot.setAttribute('aria-expanded', String(!graph.hidden))
    if (!graph.hidden) this.#plot.draw(this.#meter.history)
  }

  #setOut(isOut) {
    this.isOut = isOut
    if (!isOut) {
      for (const track of this.#video.srcObject?.getTracks() ?? []) track.stop()
      this.#video.srcObject = null
    }
    this.#host.onChange()
  }

  /** Something came of a key or a button. */
  #say(text) {
    this.#said = text
    this.#saidUntilMs = performance.now() + saidMs
    this.#describe()
  }

  #useWay(kind) {
    if (this.#parts.way.textContent !== kind) this.#parts.way.textContent = kind
  }

  #describe() {
    const { state, size, notice, stage } = this.#parts
    const stream = this.#stream
    const ageMs = performance.now() - this.#shownMs
    const isShown = !this.#isCut && ageMs < (stream === undefined ? freshAloneMs : freshMs)
    let reason = ''
    if (this.#isGone) {
      reason = 'there is no such stream any more'
      show(state, 'gone', 'bad')
    } else if (stream?.state === 'recovering') {
      reason = stream.lastFailure ? stream.lastFailure.message : 'the camera gives no pictures'
      show(state, 'no signal', 'bad')
    } else if (!this.#isWatched) show(state, 'not watched')
    else if (this.#refusal !== '') {
      reason = `no picture here: ${this.#refusal}`
      show(state, 'no picture', 'bad')
    } else if (isShown && (stream === undefined || stream.state === 'live')) show(state, 'live', 'live')
    else show(state, 'connecting…')
    // What the server says of a snapshot has the reason in it.
    const text = performance.now() < this.#saidUntilMs && this.#said !== '' ? this.#said : reason
    if (notice.textContent !== text) notice.textContent = text
    notice.hidden = text === ''
    // Nobody shall take what was seen once for what is to be seen.
    stage.classList.toggle('old', this.#isGone || ageMs > freshMs)
    size.textContent = stream?.width ? `${stream.width}×${stream.height}` : ''
    const shape = this.#picture.shape ?? [stream?.width, stream?.height]
    if (shape[0]) stage.style.aspectRatio = `${shape[0]} / ${shape[1]}`
  }

  #come(frame) {
    this.#meter.came(frame.data.byteLength)
    this.#picture.show(frame)
  }

  #shown(frame) {
    if (!frame) return
    this.#shownMs = performance.now()
    this.#isCut = false
    // The same again is the last picture once more.
    const isOwn = !frame.isPlaceholder && (frame.mark === undefined || frame.mark !== this.#mark)
    this.#mark = frame.isPlaceholder ? undefined : frame.mark
    const delayMs = frame.capturedMs === undefined ? undefined : Date.now() - frame.capturedMs
    const isCounted = this.wanted.fps === undefined
    this.#meter.shown(isOwn, delayMs, isCounted ? frame.sequence : undefined)
  }

  #build(page) {
    const { name } = this
    const make = (tag, properties = {}, ...children) => {
      const element = Object.assign(document.createElement(tag), properties)
      element.append(...children)
      return element
    }
    const canvas = make('canvas', { width: 4, height: 3 })
    canvas.setAttribute('role', 'img')
    canvas.setAttribute('aria-label', `Live picture of ${name}`)
    const notice = make('p', { className: 'notice', hidden: true })
    notice.setAttribute('role', 'status')
    const stage = make('div', { className: 'stage' }, canvas)
    const title = make('h2', {}, page === undefined ? name : make('a', { href: page, textContent: name }))
    const state = make('span', { className: 'state', textContent: 'connecting…' })
    state.setAttribute('role', 'status')
    const number = () => make('span', { className: 'number' })
    const [way, rates, delay, bits, drops, size] = [number(), number(), number(), number(), number(), number()]
    way.title = 'No WebSocket comes through'
    rates.title = 'Frames of the camera that were shown in the last second'
    delay.title = 'From the camera to the screen'
    drops.title = 'Frames that did not come to this screen'
    const button = (text, title, deed) => {
      const made = make('button', { type: 'button', textContent: text, title })
      made.addEventListener('click', () => void Promise.resolve(deed()).catch(() => {}))
      return made
    }
    const photo = button('Snapshot', 'Save one picture (S)', () => this.snapshot())
    const full = button('Full screen', 'Full screen (F)', () => this.fullScreen())
    const turn = button('Rotate', 'Turn by a quarter (R)', () => this.turn())
    const small = button('Pop out', 'A small window above others (P)', () => this.small())
    const set = button('Controls', 'Settings of the camera (C)', () => this.toggleControls())
    const plot = button('Graph', 'Frame rate and delay of the last minutes (G)', () => this.toggleGraph())
    small.hidden = !document.pictureInPictureEnabled
    full.hidden = !document.fullscreenEnabled
    const rate = make('select', { title: 'Frames per second at most' })
    rate.setAttribute('aria-label', `Frames per second of ${name}`)
    for (const [value, text] of [
      ['', 'all frames'],
      ['15', '15 fps'],
      ['5', '5 fps'],
      ['1', '1 fps']
    ])
      rate.append(new Option(text, value))
    const settings = make('div', { className: 'panel', hidden: true })
    const graph = make('div', { className: 'panel', hidden: true })
    for (const one of [set, plot]) one.setAttribute('aria-expanded', 'false')
    this.element.append(
      stage,
      make('div', { className: 'facts' }, title, state, way, rates, delay, bits, drops, size),
      notice,
      make('div', { className: 'tools' }, photo, full, turn, small, set, plot, rate),
      settings,
      graph
    )
    return { canvas, notice, stage, state, way, rates, delay, bits, drops, size, set, plot, rate, settings, graph }
  }
}

function legend() {
  const made = document.createElement('p')
  made.className = 'legend'
  for (const [kind, text] of [
    ['rate', 'frames per second'],
    ['delay', 'delay, camera to screen']
  ]) {
    made.append(Object.assign(document.createElement('span'), { className: kind, textContent: text }))
  }
  return made
}

function show(element, text, kind = '') {
  if (element.textContent !== text) element.textContent = text
  element.className = `state ${kind}`.trim()
}

function bitsOf(bitsPerSecond) {
  return bitsPerSecond < 1e6 ? `${Math.ceil(bitsPerSecond / 1e3)} kbit/s` : `${(bitsPerSecond / 1e6).toFixed(1)} Mbit/s`
}

function save(blob, name) {
  const link = Object.assign(document.createElement('a'), { href: URL.createObjectURL(blob), download: name })
  link.click()
  // The browser has taken hold of it long before.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
