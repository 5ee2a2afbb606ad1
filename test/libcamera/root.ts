import { fileURLToPath } from 'node:url'

/** The folder that `scripts/libcamera-root.sh` has made. */
export function root(): string {
  const path = process.env.STREAMER_LIBCAMERA_ROOT
  if (!path) throw new Error('STREAMER_LIBCAMERA_ROOT must name a folder that scripts/libcamera-root.sh has made')
  return path
}

/** Before a command that shall run inside of it. */
export const inRoot = ['chroot', root()]

/** The helper in there, as the option `helper`. */
export const helper = [...inRoot, '/opt/streamer-camera']

export const helperSources = fileURLToPath(new URL('../../packages/source-libcamera/helper', import.meta.url))
