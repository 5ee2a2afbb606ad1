import { missingText } from '../build/index.js'
import type { CameraInfo } from '../list-cameras.js'
import { type Facts, type Finding, isRaspberryPi } from './facts.js'

/** What is told of the library, of what runs cameras, and of the cameras that were found. */
export function diagnoseCameras(facts: Facts): Finding[] {
  const { listing } = facts
  return [
    ...diagnoseLibrary(facts),
    diagnoseHelper(facts),
    ...diagnoseBackEnd(facts),
    ...('failure' in listing ? diagnoseFailure(facts, listing.failure) : diagnoseList(facts, listing.list.cameras))
  ]
}

function diagnoseLibrary({ helper, listing }: Facts): Finding[] {
  const version = ('list' in listing ? listing.list.libcamera : undefined) ?? helper.libcamera
  return version === undefined ? [] : [{ level: 'ok', subject: 'libcamera', message: version }]
}

function diagnoseHelper({ helper, rpicam, listing }: Facts): Finding {
  const subject = 'helper'
  const { path, isConfigured, missing, install, failed } = helper
  // With rpicam-vid there are pictures all the same.
  const works = rpicam !== undefined && 'list' in listing
  const level = works ? 'warning' : 'problem'
  if (path !== undefined)
    return { level: 'ok', subject, message: isConfigured ? `${path}, from the configuration` : `built: ${path}` }
  if (missing.length > 0) {
    const remedy = install.startsWith('sudo')
      ? `${install} && streamer setup-camera`
      : `${sentence(install)}, then run streamer setup-camera.`
    return { level, subject, message: `not built: ${missingText(missing)}`, remedy }
  }
  if (failed !== undefined) return { level, subject, message: failed, remedy: 'streamer setup-camera' }
  return { level, subject, message: 'not built; all that it takes is there', remedy: 'streamer setup-camera' }
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function diagnoseBackEnd({ helper, rpicam }: Facts): Finding[] {
  const subject = 'back end'
  if (helper.path !== undefined) return [{ level: 'ok', subject, message: 'the camera helper' }]
  if (rpicam === undefined) return []
  const message = `${rpicam}: works without the helper, but every change of a setting starts the camera again`
  return [{ level: 'warning', subject, message }]
}

function diagnoseFailure({ helper, rpicam }: Facts, { code, message }: { code: string; message: string }): Finding[] {
  // That there is no helper has been told.
  if (helper.path === undefined && rpicam === undefined) return []
  const remedies: Readonly<Record<string, string>> = {
    ERR_CAMERA_TIMEOUT: 'Reboot; when it hangs again, check the cable and try another camera.',
    ERR_CAMERA_PERMISSION: 'See "permission" below.',
    ERR_CAMERA_HELPER_MISSING: 'streamer setup-camera --force'
  }
  const remedy =
    remedies[code] ??
    `Look for errors in the log of libcamera: LIBCAMERA_LOG_LEVELS=DEBUG ${helper.path ?? rpicam} list`
  return [{ level: 'problem', subject: 'cameras', message, remedy }]
}

function diagnoseList(facts: Facts, cameras: readonly CameraInfo[]): Finding[] {
  if (cameras.length > 0)
    return cameras.map(({ id, model }, index) => ({
      level: 'ok',
      subject: `camera ${index}`,
      message: `${model}, ${id}`
    }))
  return [noCamera(facts)]
}

const ribbon =
  'Switch the power off and check the ribbon cable: in straight, contacts towards the contacts, latches closed, at both ends; the right one of two sockets.'

/** The most likely reason first. */
function noCamera(facts: Facts): Finding {
  const { devices, bootConfig } = facts
  const problem = (message: string, remedy: string): Finding => ({
    level: 'problem',
    subject: 'cameras',
    message,
    remedy
  })
  if (devices.some(({ isAccessible }) => !isAccessible))
    return problem('no camera was found, maybe because device files may not be opened', 'See "permission" below.')
  if (!isRaspberryPi(facts)) {
    const nodes = devices.filter(({ path }) => /video|media/.test(path))
    return nodes.length === 0
      ? problem(
          'no camera was found: there is no /dev/video* and no /dev/media*',
          'Plug a camera in; `lsusb` and `sudo dmesg` show what the system makes of it. A virtual machine or container must be given it.'
        )
      : problem(
          `no camera was found, though there is ${nodes.map(({ path }) => path).join(', ')}`,
          'libcamera does not know this camera; `use: command` with ffmpeg may do: docs/sources/command.md'
        )
  }
  if (bootConfig?.isLegacy)
    return problem(
      `no camera was found: ${bootConfig.path} has start_x=1, for the camera system before libcamera`,
      `Take start_x=1 out of ${bootConfig.path}, have camera_auto_detect=1 in it, and reboot.`
    )
  if (bootConfig && !bootConfig.autoDetect && bootConfig.overlays.length === 0)
    return problem(
      `no camera was found: ${bootConfig.path} neither has camera_auto_detect=1 nor names a sensor`,
      `Add the line camera_auto_detect=1 to ${bootConfig.path} (sudo nano ${bootConfig.path}) and reboot.`
    )
  if (bootConfig && bootConfig.overlays.length > 0)
    return problem(
      `no camera was found, though ${bootConfig.path} names ${bootConfig.overlays.join(', ')}`,
      `${ribbon} The sensor must be that one; \`sudo dmesg | grep -iE '${bootConfig.overlays[0]}|unicam|cfe'\` shows whether it answers.`
    )
  return problem(
    'no camera was found: none answers on the camera sockets',
    `${ribbon} A camera that is not made by Raspberry Pi may need dtoverlay=<sensor> in ${bootConfig?.path ?? 'config.txt'} and a reboot.`
  )
}
