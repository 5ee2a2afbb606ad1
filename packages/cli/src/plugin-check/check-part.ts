import {
  type Codec,
  codecs,
  coreVersion,
  messageOf,
  type Plugin,
  type PluginContext,
  type PluginKind,
  silentLogger
} from '@streamer/core'
import type { Supports } from '../plugin-supports.js'
import type { Findings } from './finding.js'

/** Methods that a part of each kind must have. */
const methods: Readonly<Record<PluginKind, readonly string[]>> = {
  transport: ['start', 'stop'],
  source: ['start', 'stop'],
  encoder: ['start', 'push', 'stop']
}
const optionalMethods: Readonly<Record<PluginKind, readonly string[]>> = {
  transport: ['stats'],
  source: ['stats', 'prepare'],
  encoder: ['stats']
}

type Part = Readonly<Record<string, unknown>>

/** Where findings about `create` and about `supports` go. */
export interface PartFindings {
  readonly create: Findings
  readonly supports: Findings
}

/** Has the plugin make its part with the default options, which is not started, and looks at it. */
export function checkPart(
  kind: PluginKind,
  plugin: Plugin,
  options: unknown,
  supports: Supports,
  findings: PartFindings
): void {
  const part = make(plugin, options, findings.create)
  if (!part) return
  for (const name of methods[kind]) {
    const found = read(part, name, findings.create)
    if (typeof found !== 'function') findings.create.problem(`the ${kind} that it makes has no ${name}()`)
  }
  for (const name of optionalMethods[kind]) {
    const found = read(part, name, findings.create)
    if (found !== undefined && typeof found !== 'function')
      findings.create.problem(`the ${name} of the ${kind} that it makes is not a function`)
  }
  if (kind === 'transport') checkAccepts(read(part, 'accepts', findings.create), supports, findings)
  else checkControls(kind, read(part, 'controls', findings.create), supports, findings)
  if (kind === 'encoder') checkOutput(read(part, 'output', findings.create), supports, findings)
}

function make(plugin: Plugin, options: unknown, findings: Findings): Part | undefined {
  const before = process.getActiveResourcesInfo()
  let made: unknown
  try {
    made = plugin.create(options, contextOf(plugin.name))
  } catch (error) {
    findings.problem(`create() threw with the default options: ${messageOf(error)}`)
    return undefined
  }
  const opened = openedSince(before)
  if (opened.length > 0)
    findings.warning(
      `create() opens something already: ${opened.join(', ')}`,
      'open it in start(), and close it in stop()'
    )
  if (typeof (made as Partial<PromiseLike<unknown>> | undefined)?.then === 'function') {
    findings.problem('create() gives a promise', 'give the part itself, and do what takes time in start()')
    return undefined
  }
  if (typeof made === 'object' && made !== null) return made as Part
  findings.problem(`create() gives ${made === null ? 'null' : typeof made}, not a ${plugin.kind}`)
  return undefined
}

function contextOf(name: string): PluginContext {
  const host = {
    version: coreVersion,
    startedAtMs: Date.now(),
    streams: new Map(),
    transports: () => [],
    disconnect: () => false
  }
  return { name, logger: silentLogger, host, baseDir: process.cwd() }
}

/** Kinds of what Node waits for that it did not wait for before. */
function openedSince(before: readonly string[]): string[] {
  const left = [...before]
  return process.getActiveResourcesInfo().filter((kind) => {
    const place = left.indexOf(kind)
    if (place >= 0) left.splice(place, 1)
    return place < 0
  })
}

/** A getter may throw. */
function read(part: Part, name: string, findings: Findings): unknown {
  try {
    return part[name]
  } catch (error) {
    findings.problem(`reading ${name} of what create() made threw: ${messageOf(error)}`)
    return undefined
  }
}

function checkAccepts(accepts: unknown, supports: Supports, findings: PartFindings): void {
  const isList = Array.isArray(accepts) && accepts.length > 0 && accepts.every((codec) => codecs.includes(codec))
  if (!isList) {
    findings.create.problem(`its accepts is no list of codecs; there are: ${codecs.join(', ')}`)
    return
  }
  const declared = supports.codecs as readonly string[]
  if (new Set(declared).size === new Set(accepts).size && declared.every((codec) => accepts.includes(codec))) return
  findings.supports.problem(
    `it declares the codecs ${declared.join(', ')}, and what it makes accepts ${accepts.join(', ')}`
  )
}

function checkOutput(output: unknown, supports: Supports, findings: PartFindings): void {
  if (!codecs.includes(output as Codec))
    findings.create.problem(`its output is no codec; there are: ${codecs.join(', ')}`)
  else if (output !== supports.codec)
    findings.supports.problem(`it declares the codec ${supports.codec}, and the output of what it makes is ${output}`)
}

function checkControls(kind: PluginKind, controls: unknown, supports: Supports, findings: PartFindings): void {
  if (controls === undefined) {
    if (supports.controls === true)
      findings.supports.problem(`it declares controls, and the ${kind} that it makes has none`)
    return
  }
  const lacking = ['list', 'values', 'set'].filter((name) => typeof (Object(controls) as Part)[name] !== 'function')
  if (lacking.length > 0)
    findings.create.problem(`its controls have no ${lacking.map((name) => `${name}()`).join(', ')}`)
  if (supports.controls !== true)
    findings.supports.problem(
      `it declares no controls, and the ${kind} that it makes has some`,
      'supports: { controls: true }'
    )
}
