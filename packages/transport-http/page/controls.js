import { refusalOf } from './refusal.js'

/** Waits so long for the last of many small changes, so that a slider that is drawn sends a few requests and not hundreds. Milliseconds. */
const pauseMs = 80
/** How often an open panel asks what others have changed. Milliseconds. */
const followMs = 2000

/** Lets people change what a camera offers, as the camera says it. */
export class ControlPanel {
  #form
  #problem
  #address
  #inputs = new Map()
  #pending = {}
  #timer
  #following
  #isSending = false
  /** The last change was refused; why stands until the next one. */
  #isRefused = false
  /** Counts changes made here, so that an answer from before one of them is not taken for the newest. */
  #changes = 0

  /** @param parent an element that is shown or hidden by others. @param address gives that of the controls. */
  constructor(parent, name, address) {
    this.#address = address
    this.#form = document.createElement('fieldset')
    this.#form.className = 'controls'
    this.#form.setAttribute('aria-label', `Camera controls of ${name}`)
    this.#problem = document.createElement('p')
    this.#problem.className = 'problem'
    this.#problem.setAttribute('role', 'alert')
    parent.append(this.#form, this.#problem)
  }

  /** Shows what there is, and what others change in it, until `close`. */
  open() {
    void this.#load()
    this.#following ??= setInterval(() => {
      if (!document.hidden) void this.#load()
    }, followMs)
  }

  close() {
    clearInterval(this.#following)
    this.#following = undefined
  }

  async #load() {
    if (this.#isChanging) return
    const changes = this.#changes
    try {
      const { controls } = await ask(this.#address(), 'GET')
      if (changes !== this.#changes) return
      this.#draw(controls)
      this.#take(controls)
      if (controls.length === 0) this.#say('This camera has nothing to set.')
      else if (!this.#isRefused) this.#say('')
    } catch (error) {
      if (changes === this.#changes) this.#say(error.message)
    }
  }

  get #isChanging() {
    return this.#isSending || Object.keys(this.#pending).length > 0
  }

  #draw(controls) {
    const names = controls.map(({ name }) => name)
    if (names.join() === [...this.#inputs.keys()].join()) return
    this.#form.replaceChildren()
    this.#inputs.clear()
    for (const control of controls) {
      const row = document.createElement('div')
      row.className = 'control'
      const label = document.createElement('label')
      const input = inputFor(control)
      const output = document.createElement('output')
      input.id = `${this.#form.getAttribute('aria-label')} ${control.name}`.replace(/\W+/g, '-')
      input.title = control.description
      label.htmlFor = input.id
      label.textContent = control.unit ? `${wordsOf(control.name)} (${control.unit})` : wordsOf(control.name)
      label.title = control.description
      row.append(label, output, input)
      if (input.type === 'checkbox') output.remove()
      input.addEventListener('input', () => {
        output.textContent = String(valueIn(input))
        this.#change(control.name, valueIn(input))
      })
      this.#form.append(row)
      this.#inputs.set(control.name, { input, output })
    }
    const reset = document.createElement('button')
    reset.type = 'button'
    reset.textContent = 'Defaults'
    reset.addEventListener('click', () => {
      this.#take(controls.map((control) => ({ ...control, value: control.default })))
      for (const control of controls) this.#change(control.name, control.default)
    })
    if (controls.length > 0) this.#form.append(reset)
  }

  #take(controls) {
    for (const { name, value } of controls) {
      const found = this.#inputs.get(name)
      if (!found || name in this.#pending) continue
      if (found.input.type === 'checkbox') found.input.checked = value
      else found.input.value = String(value)
      found.output.textContent = String(value)
    }
  }

  #change(name, value) {
    this.#changes++
    this.#pending[name] = value
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#send(), pauseMs)
  }

  async #send() {
    if (this.#isSending) return
    this.#isSending = true
    const changes = this.#pending
    this.#pending = {}
    try {
      const { controls } = await ask(this.#address(), 'PATCH', changes)
      this.#isRefused = false
      this.#say('')
      this.#take(controls)
    } catch (error) {
      this.#isRefused = true
      this.#say(`Nothing was changed: ${error.message}`)
      await this.#restore()
    }
    this.#changes++
    this.#isSending = false
    if (Object.keys(this.#pending).length > 0) void this.#send()
  }

  /** Shows what is in force again after a change was refused. */
  async #restore() {
    try {
      this.#take((await ask(this.#address(), 'GET')).controls)
    } catch {
      // The reason is on the page already.
    }
  }

  #say(text) {
    if (this.#problem.textContent !== text) this.#problem.textContent = text
  }
}

async function ask(address, method, body) {
  const answer = await fetch(address, {
    method,
    cache: 'no-store',
    signal: AbortSignal.timeout(5000),
    ...(body && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } })
  }).catch(() => {
    throw new Error('the server does not answer')
  })
  if (!answer.ok) throw await refusalOf(answer)
  return answer.json()
}

function inputFor(control) {
  if (control.type === 'enum') {
    const select = document.createElement('select')
    for (const value of control.values) select.append(new Option(value, value))
    return select
  }
  const input = document.createElement('input')
  if (control.type === 'boolean') input.type = 'checkbox'
  else {
    const { minimum, maximum, type } = control
    const step = type === 'integer' ? 1 : (maximum - minimum) / 200
    Object.assign(input, { type: 'range', min: minimum, max: maximum, step })
  }
  return input
}

function valueIn(input) {
  if (input.type === 'checkbox') return input.checked
  return input.type === 'range' ? Number(input.value) : input.value
}

/** `exposureTimeUs` is "exposure time us". */
function wordsOf(name) {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}
