/** Programs of the benchmark: building those in C, and talking to a running one in lines of JSON. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** What a program may take to answer or to end before it is given up. */
const patienceMs = 15_000
const running = new Set()
// Whatever ends the benchmark ends its programs.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Whether a command is there. */
export function has(command, ...args) {
  return spawnSync(command, args.length > 0 ? args : ['--version'], { stdio: 'ignore' }).error === undefined
}

/** @returns the C compiler of this machine, or undefined. */
export function findCompiler() {
  return ['cc', 'gcc', 'clang'].find((name) => has(name))
}

/**
 * Builds what is written in C.
 * @returns the path of each program by its name. @throws Error with what the compiler said.
 */
export function buildPrograms(compiler, folder, names) {
  return Object.fromEntries(
    names.map((name) => {
      const isLibrary = name === 'stand-in-v4l2'
      const path = join(folder, isLibrary ? `${name}.so` : name)
      const source = fileURLToPath(new URL(`${name}.c`, import.meta.url))
      const flags = isLibrary ? ['-shared', '-fPIC', '-pthread'] : []
      execFileSync(compiler, ['-std=gnu11', '-O2', ...flags, '-o', path, source, ...(isLibrary ? ['-ldl'] : [])], {
        stdio: ['ignore', 'ignore', 'inherit']
      })
      return [name, path]
    })
  )
}

/** A running program that writes lines, most of them JSON. Ends with its standard input, or when it is killed. */
export class Program {
  #child
  #name
  #lines = []
  #waiting
  #ended
  #errors = ''

  /**
   * @param core the core it shall run on, or undefined for any.
   */
  constructor(command, args, core) {
    this.#name = command.split('/').at(-1)
    const words = core === undefined ? [command, ...args] : ['taskset', '-c', String(core), command, ...args]
    const child = spawn(words[0], words.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child = child
    running.add(child)
    child.stdin.on('error', () => {})
    for (const output of [child.stdout, child.stderr]) {
      createInterface(output).on('line', (text) => {
        if (output === child.stderr) this.#errors = `${this.#errors}${text}\n`.slice(-2000)
        this.#lines.push(text)
        // Nobody may ever ask for them.
        if (this.#lines.length > 1000) this.#lines.shift()
        this.#waiting?.()
      })
    }
    this.#ended = new Promise((resolve) => {
      const end = () => {
        running.delete(child)
        this.#waiting?.()
        resolve()
      }
      child.once('close', end)
      child.once('error', (error) => {
        this.#errors += error.message
        end()
      })
    })
  }

  /** The process, also under `taskset`, which becomes the program. */
  get pid() {
    return this.#child.pid
  }

  get ended() {
    return this.#ended
  }

  /**
   * The next line, of those that nobody took yet, of which `pick` makes something.
   * @throws Error when the program ends before that, or after 15 s.
   */
  async next(pick, what) {
    const deadline = performance.now() + patienceMs
    for (;;) {
      for (let line = this.#lines.shift(); line !== undefined; line = this.#lines.shift()) {
        const found = pick(line)
        if (found) return found
      }
      if (!running.has(this.#child)) throw new Error(`${this.#name} ended before ${what}: ${this.#errors.trim()}`)
      const left = deadline - performance.now()
      if (left <= 0) throw new Error(`${this.#name}: waited for ${what}, in vain: ${this.#errors.trim()}`)
      let timer
      await new Promise((resolve) => {
        this.#waiting = resolve
        timer = setTimeout(resolve, left)
      })
      clearTimeout(timer)
      this.#waiting = undefined
    }
  }

  /** The next line of JSON that has this key. */
  nextJson(key) {
    const pick = (line) => {
      if (!line.startsWith('{')) return undefined
      const message = JSON.parse(line)
      return message[key] === undefined ? undefined : message
    }
    return this.next(pick, `"${key}"`)
  }

  /** Says a line, and waits for the answer that has this key. */
  ask(line, key) {
    this.#child.stdin.write(`${line}\n`)
    return this.nextJson(key)
  }

  /** Ends it: its input ends, it gets the signal if there is one, and after a while it is killed. */
  async stop(signal) {
    this.#child.stdin.end()
    if (signal) this.#child.kill(signal)
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), patienceMs / 3)
    await this.#ended
    clearTimeout(timer)
  }
}
