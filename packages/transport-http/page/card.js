import { ControlPanel } from './controls.js'
import { Fallback } from './fallback.js'
import { Meter } from './meter.js'
import { Picture } from './picture.js'
import { Plot } from './plot.js'

/** One stream on the page: its picture, its numbers, and what can be done with it. */
export class Card {
  name
  element
  /** It is on the screen, or near it. */
  isNear = true
  #meter = new Meter()
  #picture
  #fallback
  #plot
  #panel
  #parts
  #isLive = false
  #isFallback = false
  #shownMs = 0
  #sequence
  #video

  /**
   * @param address makes an address below this stream of a last part and a query.
   * @param api the address of its controls.
   * @param onRate told when another frame rate is wanted.
   */
  constructor(name, index, { address, api, page, onRate }) {
    this.name = name
    this.address = address
    this.element = document.createElement('article')
    this.element.dataset.name = name
    this.#parts = this.#build(page)
    const { canvas, image, graph, settings, rate } = this.#parts
    this.#picture = new Picture(canvas, (frame) => this.#shown(frame))
    this.#fallback = new Fallback(image, address, index, () => {
      this.#shownMs = performance.now()
      this.#meter.shown(0, undefined, undefined)
    })
    this.#plot = new Plot(graph, name)
    graph.append(legend())
    this.#panel = new ControlPanel(settings, name, api)
    rate.addEventListener('change', onRate)
  }

  /** What the server is asked for. */
  get wanted() {
    const fps = Number(this.#parts.rate.value)
    return fps > 0 ? { fps } : {}
  }

  /** A frame came over the WebSocket. */
  take(frame) {
    this.#picture.show(frame)
  }

  /** Goes over to `<img>`, for good; or begins anew. */
  useFallback() {
    this.#isFallback = true
    this.#parts.image.hidden = false
    this.#parts.canvas.hidden = true
    for (const tool of ['turn', 'small', 'rate']) this.#parts[tool].hidden = true
    this.#fallback.start()
  }

  pause() {
    this.#fallback.stop()
    this.#meter.begin()
  }

  resume() {
    if (this.#isFallback) this.#fallback.start()
  }

  /** The server was started anew, or the connection was. */
  restarted() {
    this.#meter.begin()
    this.#fallback.reload()
  }

  /** Takes what the server says of the stream; undefined when it knows none of that name. @param isOpen whether the server has a stream open for this page. */
  describe(stream, isOpen) {
    const { state, rates, size, notice, stage } = this.#parts
    if (this.#isFallback) this.#fallback.follow(isOpen)
    this.#isLive = stream?.state === 'live'
    let reason = ''
    if (!stream) reason = 'there is no such stream any more'
    else if (stream.state === 'recovering') {
      reason = `no signal: ${stream.lastFailure ? stream.lastFailure.message : 'the camera gives no pictures'}`
    }
    if (reason !== '') show(state, stream ? 'no signal' : 'gone', 'bad')
    else if (this.#isLive) show(state, 'live', 'live')
    else show(state, 'connecting…')
    notice.textContent = reason
    notice.hidden = reason === ''
    if (this.#isFallback) rates.textContent = this.#isLive ? `${stream.framerate.toFixed(1)} fps` : ''
    size.textContent = stream?.width ? `${stream.width}×${stream.height}` : ''
    const shape = this.#isFallback
      ? [stream?.width, stream?.height]
      : (this.#picture.shape ?? [stream?.width, stream?.height])
    if (shape[0]) stage.style.aspectRatio = `${shape[0]} / ${shape[1]}`
  }

  /** The server does not answer. */
  lost() {
    show(this.#parts.state, 'connecting…')
  }

  /** Once a second. */
  tick(seconds) {
    this.#meter.tick(seconds)
    const { rates, delay, bits, drops, graph } = this.#parts
    const { framerate, delayMs, bitsPerSecond } = this.#meter.now
    const isShown = framerate > 0
    if (!this.#isFallback) rates.textContent = isShown ? `${framerate.toFixed(1)} fps` : ''
    delay.textContent = isShown && delayMs !== undefined ? `${Math.round(delayMs)} ms` : ''
    bits.textContent = isShown && bitsPerSecond > 0 ? `${(bitsPerSecond / 1e6).toFixed(1)} Mbit/s` : ''
    drops.textContent = this.#meter.drops > 0 ? `${this.#meter.drops} dropped` : ''
    if (!graph.hidden) this.#plot.draw(this.#meter.history)
  }

  /** Live, but nothing was shown for so long. Milliseconds. */
  stalledMs(nowMs) {
    return this.#isLive && this.#shownMs > 0 ? nowMs - this.#shownMs : 0
  }

  snapshot() {
    const link = document.createElement('a')
    link.href = this.address('snapshot.jpg', {})
    link.download = `${this.name} ${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.jpg`
    link.click()
  }

  async fullScreen() {
    if (document.fullscreenElement) await document.exitFullscreen()
    else await this.#parts.stage.requestFullscreen?.()
  }

  turn() {
    if (this.#isFallback) return
    this.#picture.turn()
    const shape = this.#picture.shape
    if (shape) this.#parts.stage.style.aspectRatio = `${shape[0]} / ${shape[1]}`
  }

  /** Shows the picture in a small window that stays above others. */
  async small() {
    if (document.pictureInPictureElement) {
      await document.exitPictureInPicture()
      return
    }
    if (this.#isFallback || !document.pictureInPictureEnabled) return
    this.#video ??= Object.assign(document.createElement('video'), { muted: true, playsInline: true })
    this.#video.srcObject = this.#parts.canvas.captureStream()
    await this.#video.play()
    await this.#video.requestPictureInPicture()
  }

  toggleControls() {
    const { settings, set } = this.#parts
    settings.hidden = !settings.hidden
    set.setAttribute('aria-expanded', String(!settings.hidden))
    if (!settings.hidden) void this.#panel.load()
  }

  toggleGraph() {
    const { graph, plot } = this.#parts
    graph.hidden = !graph.hidden
    plot.setAttribute('aria-expanded', String(!graph.hidden))
    if (!graph.hidden) this.#plot.draw(this.#meter.history)
  }

  #shown(frame) {
    if (!frame) return
    this.#shownMs = performance.now()
    // The same number again is the last picture once more.
    const isOwn = !frame.isPlaceholder && frame.sequence !== this.#sequence
    this.#sequence = frame.sequence
    const delayMs = isOwn && frame.capturedMs !== undefined ? Date.now() - frame.capturedMs : undefined
    this.#meter.shown(
      frame.data.byteLength,
      delayMs,
      isOwn && this.wanted.fps === undefined ? frame.sequence : undefined
    )
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
    const image = make('img', { alt: `Live picture of ${name}`, hidden: true })
    const notice = make('p', { className: 'notice', hidden: true })
    const stage = make('div', { className: 'stage' }, canvas, image)
    const title = make('h2', {}, page === undefined ? name : make('a', { href: page, textContent: name }))
    const state = make('span', { className: 'state', textContent: 'connecting…' })
    state.setAttribute('role', 'status')
    const number = () => make('span', { className: 'number' })
    const [rates, delay, bits, drops, size] = [number(), number(), number(), number(), number()]
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
      make('div', { className: 'facts' }, title, state, rates, delay, bits, drops, size),
      notice,
      make('div', { className: 'tools' }, photo, full, turn, small, set, plot, rate),
      settings,
      graph
    )
    return {
      canvas,
      image,
      notice,
      stage,
      state,
      rates,
      delay,
      bits,
      drops,
      size,
      turn,
      small,
      set,
      plot,
      rate,
      settings,
      graph
    }
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
