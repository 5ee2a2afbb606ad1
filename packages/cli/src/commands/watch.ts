import { messageOf, StreamerError } from '@streamer/core/plugin'
import { type ReceiveOptions, type Receiver, receive } from '@streamer/receiver'
import { reachableUrls } from '../addresses.js'
import type { CommandLine } from '../arguments.js'
import { type Ending, isPoolBlocked } from '../ending.js'
import { stopSignal } from '../signals.js'
import { UsageError } from '../usage-error.js'
import { Display } from '../watch/display.js'
import { watchOptions } from '../watch/options.js'
import { openOutput } from '../watch/output.js'
import { Relay } from '../watch/relay.js'

/** `streamer watch`: receives a stream until a signal comes, the time is over, or enough has come. Ends with 1 when nothing came. */
export async function watch(line: CommandLine): Promise<Ending> {
  const options = watchOptions(line, process.env)
  const ending = new AbortController()
  let relay: Relay | undefined
  let reason = 'no frame came'
  const receiver = receiverOf(options.url, {
    signal: ending.signal,
    delayMs: options.delayMs,
    tls: options.tls,
    ...(options.key !== undefined && { key: options.key }),
    ...(options.keyName !== undefined && { keyName: options.keyName }),
    onState: (state, detail) => {
      display.enter(state, detail)
      if (state !== 'waiting' || detail === undefined) return
      reason = detail
      relay?.fail(detail)
    }
  })
  const startedMs = performance.now()
  let frames = 0
  // What was asked for has standard output; what is said goes beside it.
  const saidTo = options.output === '-' ? process.stderr : process.stdout
  const look = () => ({ stats: receiver.stats(), frames, seconds: (performance.now() - startedMs) / 1000 })
  const display = new Display(saidTo, options.json, look)
  const output = options.output === undefined ? undefined : await openOutput(options.output, options.force)
  const signal = stopSignal(() => display.close())
  // A reader that goes away has had enough, and wants to hear no more.
  let hasReader = true
  const onPipe = () => {
    hasReader = false
    ending.abort()
  }
  process.stdout.on('error', onPipe)
  let timer: NodeJS.Timeout | undefined
  let received: NodeJS.Signals | undefined
  void signal.received.then((name) => {
    received = name
    ending.abort()
  })
  try {
    if (options.serve) {
      relay = await Relay.start(options.serve.host, options.serve.port, (text) => display.say(text))
      const places = reachableUrls(relay.urls.slice(0, 1)).map(({ url }) => url)
      display.say(`to be seen at ${places.join(' ')}`)
    }
    if (options.durationMs !== undefined) timer = setTimeout(() => ending.abort(), options.durationMs)
    display.start()
    for await (const frame of receiver) {
      if (output && !(await written(output.write(frame.data), ending.signal))) break
      relay?.push(frame)
      frames++
      if (frames === options.frames) break
    }
    if (hasReader && (frames > 0 || options.json)) display.end()
    if (hasReader && frames === 0) throw new StreamerError('ERR_RECEIVE', reason)
  } catch (error) {
    if (!isBrokenPipe(error)) throw error
  } finally {
    clearTimeout(timer)
    display.close()
    await Promise.all([receiver.close(), relay?.stop(), output?.close()])
    process.stdout.off('error', onPipe)
    signal.release()
  }
  return received && (await isPoolBlocked()) ? { exitCode: 0, killedBy: received } : { exitCode: 0 }
}

/** What cannot be known before, such as a key that is too short, is a mistake of the command line. */
function receiverOf(url: string, options: ReceiveOptions): Receiver {
  try {
    return receive(url, options)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new UsageError(error.message.replace(/^receive: /, ''))
  }
}

/** Waits for a write, unless it is to end meanwhile: a reader may never take it. @returns whether it was written. */
async function written(writing: Promise<void>, ending: AbortSignal): Promise<boolean> {
  if (ending.aborted) return false
  let stop = (): void => {}
  const ended = new Promise<false>((resolve) => {
    stop = () => resolve(false)
    ending.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([writing.then(() => true), ended])
  } catch (error) {
    if (isBrokenPipe(error)) throw error
    throw new StreamerError('ERR_RECEIVE', `watch: a frame cannot be written: ${messageOf(error)}`, { cause: error })
  } finally {
    ending.removeEventListener('abort', stop)
    writing.catch(() => {})
  }
}

function isBrokenPipe(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'EPIPE'
}
