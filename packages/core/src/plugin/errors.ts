/** Every code of an error that a user can meet, what it means and what helps: `docs/errors.md`. Codes never change between major versions. */
export const errorCodes = {
  ERR_CONFIG_INVALID: {
    exitCode: 2,
    meaning: 'The configuration has unknown keys or values that are not allowed.',
    remedy: 'Mend each line that the message lists; `streamer schema` prints what is allowed.'
  },
  ERR_CONFIG_PARSE: {
    exitCode: 2,
    meaning: 'The configuration file is not valid YAML, JSON or JavaScript.',
    remedy: 'Mend the file where the message says.'
  },
  ERR_CONFIG_NOT_FOUND: {
    exitCode: 2,
    meaning: 'The configuration file cannot be read, or the one given with `--config` does not exist.',
    remedy: 'Check its name and who may read it; `streamer init` writes a new one.'
  },
  ERR_PLUGIN_NOT_FOUND: {
    exitCode: 2,
    meaning: 'No package or file answers to the name after `use`.',
    remedy: 'Install the package in the folder of the configuration file, or correct the name.'
  },
  ERR_PLUGIN_API_VERSION: {
    exitCode: 2,
    meaning: 'The plugin was made for another version of the plugin interface.',
    remedy: 'Update the side that the message names.'
  },
  ERR_PLUGIN_INVALID: {
    exitCode: 2,
    meaning: 'The module is not a plugin, or one of another kind than its place in the configuration asks for.',
    remedy: 'The default export must be made by defineSource, defineEncoder or defineTransport.'
  },
  ERR_PLUGIN_LOAD: {
    exitCode: 2,
    meaning: 'The plugin threw an error while it was loaded or created.',
    remedy: 'See the cause; it comes from the plugin.'
  },
  ERR_PLUGIN_ISOLATED: {
    exitCode: 1,
    meaning: 'The thread of a plugin that has `isolate: true` ended, or did not answer any more and was ended.',
    remedy: 'The message says which; the plugin is to be mended. It is started again by itself, in a new thread.'
  },
  ERR_LISTEN: {
    exitCode: 1,
    meaning: 'A transport cannot listen on its address: taken, not allowed, or not of this machine.',
    remedy:
      'Choose another port (`port`; --http-port and its like) or host, or end the program that has it. With `optional: true` the others go on without it.'
  },
  ERR_TRANSPORT_FAILED: {
    exitCode: 1,
    meaning: 'A transport failed while it was starting or running.',
    remedy: 'See the cause; it is started again by itself while the program runs.'
  },
  ERR_STOPPED: {
    exitCode: 1,
    meaning: 'A part, or the whole program, was stopped while it was starting.',
    remedy: 'None is needed: somebody asked for it.'
  },
  ERR_SOURCE_NOT_FOUND: {
    exitCode: 1,
    meaning: 'The program or device of the source does not exist.',
    remedy: 'Install it, or correct the command or device in the configuration.'
  },
  ERR_SOURCE_ENDED: {
    exitCode: 1,
    meaning: 'The source ended by itself.',
    remedy: 'See its last messages in the log; it is started again by itself.'
  },
  ERR_SOURCE_STALLED: {
    exitCode: 1,
    meaning:
      'The source gave no frame for the time of the watchdog while somebody was watching, or did not start in two minutes.',
    remedy: 'Check the camera and its cable; `watchdog` sets the time without a frame.'
  },
  ERR_SOURCE_OUTPUT: {
    exitCode: 1,
    meaning:
      'What the source gave is not what it should be: no JPEG, one that is cut off or too large, or something that is no frame.',
    remedy:
      'Check that the command writes MJPEG and nothing else to its standard output. When the message names a field of a frame, the plugin is to be mended.'
  },
  ERR_SOURCE_FAILED: {
    exitCode: 1,
    meaning: 'The source failed.',
    remedy: 'See the cause; it is started again by itself.'
  },
  ERR_CAMERA_NOT_FOUND: {
    exitCode: 1,
    meaning: 'There is no camera, or not the one that the configuration names.',
    remedy:
      'Switch the power off and check both ends of the cable; `streamer cameras` lists what there is, `streamer doctor` looks for the reason.'
  },
  ERR_CAMERA_BUSY: {
    exitCode: 1,
    meaning: 'Another program has the camera.',
    remedy: 'End that program, or let it take the pictures from Streamer. The camera is tried again by itself.'
  },
  ERR_CAMERA_TIMEOUT: {
    exitCode: 1,
    meaning: 'The camera was started and gives no pictures: its sensor does not answer.',
    remedy: 'Switch the power off and check both ends of the cable, then the cable itself and the power supply.'
  },
  ERR_CAMERA_PERMISSION: {
    exitCode: 1,
    meaning: 'The user that runs Streamer may not use the camera.',
    remedy: 'Put that user into the group `video` (`sudo usermod -aG video <user>`) and log in anew.'
  },
  ERR_CAMERA_UNSUPPORTED: {
    exitCode: 1,
    meaning: 'The camera, or the program that drives it, cannot do what the configuration asks for.',
    remedy: 'The message names the option; `streamer cameras` lists sizes, rates and controls.'
  },
  ERR_CAMERA_FAILED: {
    exitCode: 1,
    meaning: 'libcamera failed, or the camera was disconnected.',
    remedy: 'See the cause; it is started again by itself. `streamer doctor` looks for the reason.'
  },
  ERR_CAMERA_HELPER_MISSING: {
    exitCode: 1,
    meaning: 'The program that drives the camera has not been built yet.',
    remedy: '`streamer setup-camera` builds it.'
  },
  ERR_CAMERA_HELPER_BUILD: {
    exitCode: 1,
    meaning:
      'The program that drives the camera could not be built: the compiler failed, a package is missing, or the disk is full.',
    remedy: 'Mend what the message names, then run `streamer setup-camera`.'
  },
  ERR_ENCODER_FAILED: {
    exitCode: 1,
    meaning: 'The encoder failed.',
    remedy: 'See the cause; it is started again by itself.'
  },
  ERR_PIXEL_FORMAT: {
    exitCode: 1,
    meaning: 'The encoder cannot read the pixel format that the source gives.',
    remedy: 'Choose another format at the source, or another encoder.'
  },
  ERR_RECEIVE_ADDRESS: {
    exitCode: 2,
    meaning: 'The address of a stream to receive is none.',
    remedy: 'Take one that the server prints when it starts: http://, https://, tcp://, tcps:// or udp://.'
  },
  ERR_RECEIVE: {
    exitCode: 1,
    meaning: 'A stream cannot be received: the server is not there, does not answer, refuses, or ended the connection.',
    remedy:
      'Check the address and whether the server runs; unless it was told not to, the receiver tries again by itself.'
  },
  ERR_NO_FRAME: { exitCode: 1, meaning: 'No fresh frame came in time.', remedy: 'See the state of the stream.' },
  ERR_CONTROL_INVALID: {
    exitCode: 1,
    meaning: 'A live setting does not exist or its value is not in its range.',
    remedy: 'The message names the range; nothing was changed.'
  }
} as const satisfies Record<string, { exitCode: number; meaning: string; remedy: string }>

/** Our codes; plugins may add their own. */
export type ErrorCode = keyof typeof errorCodes

const brand = Symbol.for('@streamer/core.StreamerError')

/** A failure that a user can understand and mend. Its message names the part, the deed and the value. Programming mistakes are plain `TypeError`s. */
export class StreamerError extends Error {
  override readonly name = 'StreamerError'
  readonly [brand] = true

  constructor(
    /** Stable, from `errorCodes` or a plugin's own, in capitals and beginning with `ERR_`. */
    readonly code: ErrorCode | (string & {}),
    message: string,
    options: { cause?: unknown } = {}
  ) {
    super(message, options)
  }

  /** The exit code of a program that ends with this error. */
  get exitCode(): number {
    return (errorCodes as Record<string, { exitCode: number } | undefined>)[this.code]?.exitCode ?? 1
  }
}

/** Recognises a `StreamerError` of any installed copy of the core. */
export function isStreamerError(error: unknown): error is StreamerError {
  try {
    return error instanceof Error && (error as { [brand]?: true })[brand] === true
  } catch {
    return false
  }
}

/** The message of whatever was thrown, also of what cannot be turned into text. */
export function messageOf(error: unknown): string {
  try {
    const { message } = error as { message?: unknown }
    return typeof message === 'string' && message !== '' ? message : String(error)
  } catch {
    return 'something that is no error was thrown'
  }
}

/** `error` itself when it is a `StreamerError`, else one with `code` whose message begins with `prefix` and whose cause is `error`. */
export function toStreamerError(error: unknown, code: ErrorCode, prefix: string): StreamerError {
  if (isStreamerError(error) && isComplete(error)) return error
  return new StreamerError(code, `${prefix}: ${messageOf(error)}`, { cause: error })
}

/** Anybody can put the brand on anything. */
function isComplete(error: StreamerError): boolean {
  try {
    return typeof error.message === 'string' && typeof error.code === 'string'
  } catch {
    return false
  }
}

const listenReasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'address already in use',
  EACCES: 'permission denied (ports below 1024 need root or CAP_NET_BIND_SERVICE)',
  EPERM: 'permission denied',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'no such host name'
}

/** An `ERR_LISTEN` for an error of `listen` or `bind`: `transport-udp: cannot listen on 0.0.0.0:9999: address already in use`. */
export function listenError(part: string, address: string, cause: unknown): StreamerError {
  const { code, message } = cause as { code?: string; message?: string }
  const reason = listenReasons[code ?? ''] ?? message ?? String(cause)
  return new StreamerError('ERR_LISTEN', `${part}: cannot listen on ${address}: ${reason}`, { cause })
}
