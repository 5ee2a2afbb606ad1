import { historySeconds } from './meter.js'

const space = 'http://www.w3.org/2000/svg'
/** Pixels. Left of the plot stand the numbers of the frame rate, right of it those of the delay. */
const height = 130
const [left, right, top, bottom] = [50, 56, 8, 20]

/** Draws the frame rate and the delay of the last minutes. */
export class Plot {
  #name
  #svg = make('svg', { class: 'plot', role: 'img' })
  #frame = make('path', { fill: 'none', stroke: 'var(--line)' })
  #rate = make('path', { fill: 'none', stroke: 'var(--accent)', 'stroke-width': 2 })
  #delay = make('path', { fill: 'none', stroke: 'var(--wait)', 'stroke-width': 2, 'stroke-dasharray': '6 4' })
  #texts = Array.from({ length: 6 }, () => make('text', { 'font-size': 12, fill: 'var(--soft)' }))

  constructor(parent, name) {
    this.#name = name
    this.#svg.append(this.#frame, this.#rate, this.#delay, ...this.#texts)
    parent.append(this.#svg)
  }

  draw(history) {
    const width = Math.max(200, this.#svg.clientWidth)
    const [end, ground] = [width - right, height - bottom]
    this.#svg.setAttribute('viewBox', `0 0 ${width} ${height}`)
    this.#frame.setAttribute('d', `M${left} ${top}V${ground}H${end}V${top}`)
    const rates = history.map(({ framerate }) => framerate)
    const delays = history.map(({ delayMs }) => delayMs)
    const most = roundUp(Math.max(1, ...rates.filter((rate) => rate !== undefined)))
    const slowest = roundUp(Math.max(10, ...delays.filter((delay) => delay !== undefined)))
    this.#rate.setAttribute('d', path(rates, most, end))
    this.#delay.setAttribute('d', path(delays, slowest, end))
    const texts = [
      [`${most} fps`, left - 5, top + 10, 'end'],
      ['0', left - 5, ground, 'end'],
      [`${slowest} ms`, end + 5, top + 10, 'start'],
      ['0', end + 5, ground, 'start'],
      [`${Math.round(historySeconds / 60)} min ago`, left, height - 4, 'start'],
      ['now', end, height - 4, 'end']
    ]
    for (const [index, [text, x, y, anchor]] of texts.entries()) {
      const element = this.#texts[index]
      element.textContent = text
      set(element, { x, y, 'text-anchor': anchor })
    }
    const { framerate, delayMs } = history.at(-1) ?? {}
    const rate = framerate === undefined ? 'nothing' : `${framerate.toFixed(1)} frames per second`
    const delay = delayMs === undefined ? '' : `, delay ${Math.round(delayMs)} milliseconds`
    this.#svg.setAttribute('aria-label', `${this.#name} over the last minutes: now ${rate}${delay}`)
  }
}

function path(values, most, end) {
  const step = (end - left) / (historySeconds - 1)
  let command = 'M'
  let text = ''
  for (const [index, value] of values.entries()) {
    if (value === undefined) {
      command = 'M'
      continue
    }
    const x = end - (values.length - 1 - index) * step
    const y = height - bottom - (Math.min(value, most) / most) * (height - top - bottom)
    text += `${command}${x.toFixed(1)} ${y.toFixed(1)}`
    command = 'L'
  }
  return text
}

/** 1, 2 or 5 times a power of ten. */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value))
  return [1, 2, 5, 10].map((digit) => digit * power).find((round) => round >= value) ?? value
}

function make(name, attributes) {
  const element = document.createElementNS(space, name)
  set(element, attributes)
  return element
}

function set(element, attributes) {
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
}
