import type { DeviceHolder, Facts, Finding } from './facts.js'

/** What is told of permissions, of who uses cameras, and of the frames that were taken to see. */
export function diagnoseUse(facts: Facts): Finding[] {
  return [...diagnosePermission(facts), ...diagnoseHolders(facts), ...diagnoseCapture(facts)]
}

function diagnosePermission({ devices, user }: Facts): Finding[] {
  const subject = 'permission'
  const closed = devices.filter(({ isAccessible }) => !isAccessible)
  if (devices.length === 0) return []
  if (closed.length === 0)
    return [{ level: 'ok', subject, message: `${user.name} may use ${devices.length} device files` }]
  const shown = closed.slice(0, 3).map(({ path }) => path)
  const paths = `${shown.join(', ')}${closed.length > shown.length ? ` and ${closed.length - shown.length} more` : ''}`
  const group = closed.find((device) => device.group !== undefined && device.group !== 'root')?.group
  const problem = (remedy: string): Finding[] => [
    { level: 'problem', subject, message: `${user.name} may not open ${paths}`, remedy }
  ]
  if (group === undefined) return problem(`ls -l ${closed[0]?.path}   # shows who may`)
  if (user.groups.includes(group))
    return problem(`The group ${group} should be allowed to read and write: sudo chmod g+rw ${closed[0]?.path}`)
  if (user.nextGroups.includes(group))
    return problem(`${user.name} is in the group ${group} from the next login on: log out and in again, or reboot.`)
  return problem(`sudo usermod -aG ${group} ${user.name}   # then log out and in again`)
}

/** Our helper is named after its place in the cache. */
const ours = /libcamera-helper-|streamer\.js\b/

function diagnoseHolders({ holders }: Facts): Finding[] {
  const subject = 'in use'
  return holders
    .filter(({ isUsing }) => isUsing)
    .map((holder) =>
      ours.test(holder.command)
        ? { level: 'ok', subject, message: `by Streamer itself: process ${holder.pid}` }
        : { level: 'problem', subject, message: `a camera is in use by ${named(holder)}`, remedy: endIt(holder) }
    )
}

function named({ name, pid, command }: DeviceHolder): string {
  return `${name} (process ${pid})${command === '' ? '' : `: ${command}`}`
}

function endIt({ pid, name }: DeviceHolder): string {
  const isSound = /^(pipewire|wireplumber)/.test(name)
  return isSound
    ? `A desktop program has the camera open through ${name}; close it.`
    : `End it: kill ${pid} (a service: systemctl status ${pid} tells its name, sudo systemctl stop <name> ends it)`
}

function diagnoseCapture({ capture, holders, hiddenProcesses }: Facts): Finding[] {
  const subject = 'picture'
  if (capture.state === 'ok') return [{ level: 'ok', subject, message: `${capture.camera} gives frames` }]
  if (capture.state === 'skipped') {
    const message = 'no frames were taken to see, because a camera is in use'
    return capture.why === 'in use' ? [{ level: 'ok', subject, message }] : []
  }
  const { code, message } = capture
  const problem = (text: string, remedy: string): Finding[] => [{ level: 'problem', subject, message: text, remedy }]
  if (code === 'ERR_CAMERA_BUSY') return [busy(message, holders, hiddenProcesses)]
  if (code === 'ERR_CAMERA_TIMEOUT')
    return problem(
      `the camera is found but gives no frames: ${message}`,
      'Cable or sensor: switch the power off, take the ribbon cable out at both ends and put it in again, try a shorter one; check "power" above.'
    )
  if (code === 'ERR_CAMERA_PERMISSION') return problem(message, 'See "permission" above.')
  return problem(message, 'The log at --log-level debug tells what libcamera says.')
}

function busy(message: string, holders: readonly DeviceHolder[], hidden: number): Finding {
  const found: Finding = { level: 'problem', subject: 'in use', message }
  const [holder, ...others] = holders
  if (holder && others.length === 0)
    return { ...found, message: `${message}; open in ${named(holder)}`, remedy: endIt(holder) }
  if (holder)
    return {
      ...found,
      message: `${message}; open in ${holders.map(named).join('; ')}`,
      remedy: 'End the one that uses it.'
    }
  const more = hidden > 0 ? `; the open files of ${hidden} processes of other users cannot be seen` : ''
  return {
    ...found,
    message: `${message}${more}`,
    remedy: 'sudo fuser -v /dev/media* /dev/video*   # shows by which process'
  }
}
