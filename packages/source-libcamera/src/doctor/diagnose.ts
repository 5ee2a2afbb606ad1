import { diagnoseCameras } from './diagnose-cameras.js'
import { diagnoseUse } from './diagnose-use.js'
import { type Facts, type Finding, isRaspberryPi, type PortFact } from './facts.js'

/** The oldest Node that Streamer runs on: `engines` in package.json. */
const oldestNode = [20, 19] as const
/** The helper has some hundred kilobytes, the compiler's temporary files some ten megabytes. */
const buildBytes = 100 * 1024 * 1024
/** About four pictures of 1920x1080 with the sensor's own beside each, as libcamera takes them on a Raspberry Pi. */
const pictureBytes = 32 * 1024 * 1024
const mebibyte = 1024 * 1024

/** What can be told from the facts, the machine first, then cameras from library to picture, then ports. */
export function diagnose(facts: Facts): Finding[] {
  const cameras = [...diagnoseCameras(facts), ...diagnoseUse(facts)]
  return [
    ...diagnoseMachine(facts),
    ...(facts.wantsCamera ? cameras : cameras.map(softened)),
    ...facts.ports.map(diagnosePort),
    ...diagnoseConfiguration(facts)
  ]
}

/** Without a camera in the configuration, a camera that does not work keeps nobody from watching. */
function softened(finding: Finding): Finding {
  return finding.level === 'problem' ? { ...finding, level: 'warning' } : finding
}

function diagnoseMachine(facts: Facts): Finding[] {
  const { model, cache, helper, cma } = facts
  const findings: Finding[] = [diagnoseNode(facts)]
  if (model !== undefined) findings.push({ level: 'ok', subject: 'machine', message: model })
  findings.push(...diagnosePower(facts))
  if (cache.freeBytes !== undefined && helper.path === undefined && cache.freeBytes < buildBytes)
    findings.push({
      level: 'problem',
      subject: 'disk',
      message: `${mebibytes(cache.freeBytes)} free in ${cache.folder}: too little to build the camera helper`,
      remedy: 'Make room (`df -h` shows where), or set STREAMER_CACHE_DIR to a folder on another disk.'
    })
  if (isRaspberryPi(facts) && cma && cma.freeBytes < pictureBytes)
    findings.push({
      level: 'warning',
      subject: 'memory',
      message: `${mebibytes(cma.freeBytes)} of ${mebibytes(cma.totalBytes)} free for pictures (CmaFree)`,
      remedy: 'Take a smaller picture, or more of this memory: dtoverlay=cma,cma-256 in config.txt, then a reboot.'
    })
  return findings
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / mebibyte)} MiB`
}

function diagnoseNode({ nodeVersion }: Facts): Finding {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number)
  const isNewEnough = major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])
  return isNewEnough
    ? { level: 'ok', subject: 'Node', message: nodeVersion }
    : {
        level: 'problem',
        subject: 'Node',
        message: `${nodeVersion} is too old`,
        remedy: `Install Node ${oldestNode.join('.')} or later: https://nodejs.org/en/download`
      }
}

/** https://www.raspberrypi.com/documentation/computers/os.html#get_throttled */
function diagnosePower({ throttled }: Facts): Finding[] {
  if (throttled === undefined) return []
  const has = (bit: number) => (throttled & (1 << bit)) !== 0
  const supply = 'Use the power supply made for this Pi and a short, thick cable; take other devices off its USB ports.'
  const cooling = 'Cool it: a heat sink, a fan, air around it; or a smaller or slower picture.'
  const findings: Finding[] = []
  const add = (level: Finding['level'], message: string, remedy: string) =>
    findings.push({ level, subject: 'power', message, remedy })
  if (has(0)) add('problem', 'the voltage is too low now; cameras fail from that in odd ways', supply)
  else if (has(16)) add('warning', 'the voltage has been too low since the last boot', supply)
  if (has(1) || has(2))
    add('warning', `the processor is slowed down now${has(3) ? ', because it is hot' : ''}`, has(0) ? supply : cooling)
  else if (has(3)) add('warning', 'the processor is hot', cooling)
  else if (has(17) || has(18) || has(19)) {
    const heat = has(19) ? ', because it was hot' : ''
    add(
      'warning',
      `the processor has been slowed down since the last boot${heat}`,
      has(16) && !has(19) ? supply : cooling
    )
  }
  return findings.length > 0
    ? findings
    : [{ level: 'ok', subject: 'power', message: 'no low voltage and no overheating since the last boot' }]
}

function diagnosePort(fact: PortFact): Finding {
  const { name, protocol, port, state, by } = fact
  const subject = `port ${port}`
  const what = `${name} on ${protocol.toUpperCase()} port ${port}`
  if (port === 0) return { level: 'ok', subject: 'port', message: `${name} takes a free one` }
  if (state === 'free') return { level: 'ok', subject, message: `free for ${name}` }
  if (state === 'unknown') return { level: 'ok', subject, message: `for ${name}; who has ports cannot be told here` }
  if (state === 'privileged')
    return {
      level: 'problem',
      subject,
      message: `${what}: ports below 1024 need root or CAP_NET_BIND_SERVICE`,
      remedy: 'Take a port from 1024 to 65535.'
    }
  if (by && /streamer\.js\b/.test(by.command))
    return { level: 'ok', subject, message: `Streamer itself has it: process ${by.pid}` }
  return {
    level: 'problem',
    subject,
    message: by
      ? `${what}: taken by ${by.name} (process ${by.pid}): ${by.command}`
      : `${what}: taken by a process of another user`,
    remedy: by
      ? `End it (kill ${by.pid}), or take another port (\`port\`, or --${protocol === 'udp' ? 'udp' : name}-port).`
      : `sudo ss -l${protocol === 'udp' ? 'u' : 't'}np 'sport = :${port}'`
  }
}

function diagnoseConfiguration({ configuration }: Facts): Finding[] {
  if (configuration === undefined) return []
  return [
    {
      level: 'problem',
      subject: 'configuration',
      message: configuration,
      remedy: 'Mend what it says; `streamer schema` prints what is allowed.'
    }
  ]
}
