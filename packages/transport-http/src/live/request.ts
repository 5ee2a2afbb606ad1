import { highestFramerate } from '../routes.js'
import { quote } from '../text.js'

/** What a client asks for: streams by name, each with the frames per second that it wants at most. */
export type Wish = ReadonlyMap<string, number | undefined>

/** A message of a client, or what is wrong with it. */
export type LiveRequest =
  | { readonly kind: 'watch'; readonly wish: Wish }
  | { readonly kind: 'ping'; readonly value: number }
  | { readonly kind: 'bad'; readonly text: string }

/** Reads one text message. @param names of the streams that there are. */
export function readRequest(text: string, names: readonly string[]): LiveRequest {
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch {
    return bad('a message must be JSON')
  }
  if (!isRecord(message)) return bad('a message must be an object such as {"watch": {"front": {"fps": 5}}}')
  if ('ping' in message) {
    return typeof message.ping === 'number' ? { kind: 'ping', value: message.ping } : bad('"ping" must be a number')
  }
  return 'watch' in message ? readWish(message.watch, names) : bad('a message has "watch" or "ping"')
}

function readWish(given: unknown, names: readonly string[]): LiveRequest {
  if (!isRecord(given)) return bad('"watch" must be an object with names of streams: {"front": {"fps": 5}, "door": {}}')
  const wish = new Map<string, number | undefined>()
  for (const [name, options] of Object.entries(given)) {
    if (!names.includes(name)) return bad(`there is no stream ${quote(name)}, only ${names.map(quote).join(', ')}`)
    const fps = isRecord(options) ? options.fps : null
    if (fps !== undefined && !(typeof fps === 'number' && fps > 0 && fps <= highestFramerate)) {
      return bad(
        `what is asked of ${quote(name)} must be {} or {"fps": a number above 0 and up to ${highestFramerate}}`
      )
    }
    wish.set(name, fps)
  }
  return { kind: 'watch', wish }
}

function bad(text: string): LiveRequest {
  return { kind: 'bad', text }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
