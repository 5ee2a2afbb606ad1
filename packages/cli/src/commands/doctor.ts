import type { LoadedConfig } from '@streamer/core'
import { diagnose, type Finding, gatherFacts, type PortWish, tryCapture } from '@streamer/source-libcamera/doctor'
import type { CommandLine } from '../arguments.js'
import { cameraSettings, stderrLogger, untilInterrupted } from '../camera-tools.js'
import { colours } from '../colours.js'
import { print } from '../listing.js'

/** `streamer doctor`: what is wrong and what helps. Ends with 1 when there is a problem. */
export async function doctor(line: CommandLine): Promise<number> {
  const { loaded, problems, wantsCamera, driver } = await cameraSettings(line)
  const facts = await untilInterrupted((signal) =>
    gatherFacts({
      ...driver,
      wantsCamera,
      logger: stderrLogger,
      signal,
      tryCapture,
      ...(problems.length > 0 && { configuration: problems.join('; ') }),
      ...(loaded && { ports: portsOf(loaded) })
    })
  )
  const findings = diagnose(facts)
  const hasProblem = findings.some(({ level }) => level === 'problem')
  if (line.switches.has('json')) print([JSON.stringify({ findings }, undefined, 2)])
  else print([...findingLines(findings), '', summary(findings)])
  return hasProblem ? 1 : 0
}

/** Where the transports that come with Streamer will listen. */
function portsOf({ transports = [], streams }: LoadedConfig): PortWish[] {
  return transports.flatMap(({ name, plugin, options }) => {
    const { host, port, ports = {} } = options as { host?: string; port?: number; ports?: Record<string, number> }
    if (!['http', 'tcp', 'udp'].includes(plugin.name) || host === undefined || port === undefined) return []
    const protocol = plugin.name === 'udp' ? 'udp' : 'tcp'
    const wish = (number: number): PortWish => ({ name, protocol, host, port: number })
    if (plugin.name !== 'tcp' || port === 0) return [wish(port)]
    const named = streams.flatMap((stream) => ports[stream.name] ?? [])
    const counted: number[] = []
    for (let next = port; counted.length < streams.length - named.length; next++)
      if (!named.includes(next)) counted.push(next)
    return [...counted, ...named].map(wish)
  })
}

function findingLines(findings: readonly Finding[]): string[] {
  const { green, yellow, red, bold } = colours(process.stdout)
  const paints = { ok: green, warning: yellow, problem: red }
  const levelWidth = 'problem'.length
  const subjectWidth = Math.max(...findings.map(({ subject }) => subject.length))
  const margin = ' '.repeat(levelWidth + subjectWidth + 4)
  return findings.flatMap(({ level, subject, message, remedy }) => {
    const head = `${paints[level](level.padEnd(levelWidth))}  ${subject.padEnd(subjectWidth)}  ${message}`
    return remedy === undefined ? [head] : [head, `${margin}${bold(`-> ${remedy}`)}`]
  })
}

function summary(findings: readonly Finding[]): string {
  const { green, yellow, red } = colours(process.stdout)
  const count = (level: Finding['level']) => findings.filter((finding) => finding.level === level).length
  const counted = (number: number, word: string) => `${number} ${word}${number === 1 ? '' : 's'}`
  const [problems, warnings] = [count('problem'), count('warning')]
  if (problems > 0)
    return red(`${counted(problems, 'problem')}, ${counted(warnings, 'warning')}. What "->" says helps.`)
  return warnings > 0 ? yellow(`No problem, ${counted(warnings, 'warning')}.`) : green('Nothing is wrong.')
}
