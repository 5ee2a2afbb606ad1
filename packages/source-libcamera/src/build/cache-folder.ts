import { mkdir, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { StreamerError } from '@streamer/core/plugin'

/**
 * The folder that built helpers lie in: `$STREAMER_CACHE_DIR`, else `$XDG_CACHE_HOME/streamer`, else `~/.cache/streamer`, else, for a user
 * without a home, a folder of that user's own among the temporary files.
 */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.STREAMER_CACHE_DIR && isAbsolute(env.STREAMER_CACHE_DIR)) return env.STREAMER_CACHE_DIR
  if (env.STREAMER_CACHE_DIR) return join(process.cwd(), env.STREAMER_CACHE_DIR)
  // A relative path is to be ignored: XDG Base Directory Specification, "Basics".
  if (env.XDG_CACHE_HOME && isAbsolute(env.XDG_CACHE_HOME)) return join(env.XDG_CACHE_HOME, 'streamer')
  if (env.HOME && isAbsolute(env.HOME)) return join(env.HOME, '.cache', 'streamer')
  return temporaryFolder()
}

function temporaryFolder(): string {
  return join(tmpdir(), `streamer-${process.getuid?.() ?? 'user'}`)
}

/**
 * Makes the folder, for its owner only when it is new.
 * @throws StreamerError `ERR_CAMERA_HELPER_BUILD` when it cannot be made, or anybody else could put a program into it.
 */
export async function makeCacheFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw folderError(folder, error)
  }
  if (!(await isSafe(folder))) {
    const message = `${folder} belongs to somebody else, or anybody may write into it: no program is run from there; set STREAMER_CACHE_DIR to a folder of your own`
    throw new StreamerError('ERR_CAMERA_HELPER_BUILD', `cannot keep the camera helper: ${message}`)
  }
}

/** Whether programs in it are ours. Where everybody may make folders, somebody may have made this one before us. */
export async function isSafe(folder: string): Promise<boolean> {
  if (folder !== temporaryFolder()) return true
  const found = await stat(folder).catch(() => undefined)
  return found === undefined || (found.uid === process.getuid?.() && (found.mode & 0o022) === 0)
}

/** Says in words why nothing can be written into the folder. */
export function folderError(folder: string, cause: unknown): StreamerError {
  const { code, message } = cause as NodeJS.ErrnoException
  return new StreamerError('ERR_CAMERA_HELPER_BUILD', `cannot keep the camera helper in ${folder}: ${reason()}`, {
    cause
  })

  function reason(): string {
    if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull
    if (code === 'EACCES' || code === 'EPERM')
      return `user ${process.getuid?.() ?? ''} may not write there; was it made with sudo, or by another user? Give it to the user who runs Streamer (sudo chown -R <user> ${folder}), or set STREAMER_CACHE_DIR to a folder that is`
    if (code === 'EROFS') return 'that disk cannot be written to; set STREAMER_CACHE_DIR to a folder that can'
    if (code === 'ENOTDIR' || code === 'EEXIST') return 'a file is in the way'
    return message
  }
}

/** What is said when a disk is full, wherever that shows. */
export const diskFull = 'the disk is full; make room (`df -h` shows where) and try again'
