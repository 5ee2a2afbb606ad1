import { pageAssets } from './page.js'
import { quote } from './text.js'

/** What a request asks for. `stream` is a name that exists; on `page` undefined means all of them. */
export type Route =
  | {
      readonly kind: 'stream'
      readonly stream: string
      readonly framerate: number | undefined
      /** Each part also says when it was encoded and sent. */
      readonly hasTimings: boolean
      /** Whatever the client calls itself, to ask for its streams in the state. */
      readonly viewer: string | undefined
    }
  | {
      readonly kind: 'snapshot'
      readonly stream: string
      /** A picture that is no older will do. Milliseconds; undefined is one taken after the request. */
      readonly maxAgeMs: number | undefined
    }
  | { readonly kind: 'page'; readonly stream: string | undefined }
  /** A style or a script of the page, by its name. */
  | { readonly kind: 'asset'; readonly name: string }
  | { readonly kind: 'state'; readonly viewer: string | undefined }
  /** The state of one stream alone. */
  | { readonly kind: 'stream-state'; readonly stream: string }
  /** `location` is relative, so that it holds behind a proxy that adds a prefix. */
  | { readonly kind: 'redirect'; readonly location: string }
  /** What is only there for a WebSocket. */
  | { readonly kind: 'upgrade' }
  | { readonly kind: 'missing'; readonly text: string }
  | { readonly kind: 'bad'; readonly text: string }

/** Last segments of a path that stand for the live stream or one picture of it, with and without the name of a stream before them. */
const leaves: Readonly<Record<string, 'stream' | 'snapshot' | undefined>> = Object.assign(Object.create(null), {
  'stream.mjpg': 'stream',
  stream: 'stream',
  video_feed: 'stream',
  'snapshot.jpg': 'snapshot',
  snapshot: 'snapshot'
})

/** The highest `?fps=` that is accepted. */
export const highestFramerate = 1000

/**
 * Finds out what a request target asks for. Nothing is ever looked up on disk.
 * @param target as it stands in the request line: `/front/stream.mjpg?fps=5`, or with scheme and host before it.
 * @param names of the streams, the default one first.
 */
export function resolveRoute(target: string, names: readonly string[]): Route {
  const local = target.replace(/^https?:\/\/[^/?#]*/i, '')
  const mark = local.indexOf('?')
  const rawPath = (mark < 0 ? local : local.slice(0, mark)) || '/'
  const query = new URLSearchParams(mark < 0 ? '' : local.slice(mark + 1))
  if (!rawPath.startsWith('/')) return bad(`the request target must begin with "/", not with ${quote(rawPath)}`)
  let segments: string[]
  try {
    segments = rawPath.slice(1).split('/').map(decodeURIComponent)
  } catch {
    return bad(`the path ${quote(rawPath)} has a "%" that is not followed by two hexadecimal digits of UTF-8`)
  }
  return resolveSegments(segments, query, names) ?? missing(`there is no ${quote(rawPath)} here`, names)
}

function resolveSegments(segments: string[], query: URLSearchParams, names: readonly string[]): Route | undefined {
  const [first = '', second, ...rest] = segments
  if (rest.length > 0) return undefined
  const [main] = names
  if (second === undefined) {
    if (first === 'ws') return { kind: 'upgrade' }
    if (first === 'state') return { kind: 'state', viewer: viewerOf(query) }
    const leaf = leaves[first]
    if (leaf) return main === undefined ? missing('there is no stream', names) : leafRoute(leaf, main, query)
    if (first === '') return actionRoute(query, names, names) ?? { kind: 'page', stream: undefined }
    if (!names.includes(first)) return undefined
    // Relative, so the page's own relative addresses need the slash at the end.
    return actionRoute(query, [first], names) ?? { kind: 'redirect', location: `${encodeURIComponent(first)}/` }
  }
  if (first === 'page' && pageAssets.has(second)) return { kind: 'asset', name: second }
  if (!names.includes(first)) return undefined
  if (second === '') return actionRoute(query, [first], names) ?? { kind: 'page', stream: first }
  if (second === 'state') return { kind: 'stream-state', stream: first }
  const leaf = leaves[second]
  return leaf && leafRoute(leaf, first, query)
}

/** The addresses of mjpg-streamer: `?action=stream`, `?action=snapshot_1`. Undefined without an action. */
function actionRoute(
  query: URLSearchParams,
  candidates: readonly string[],
  names: readonly string[]
): Route | undefined {
  const action = query.get('action')
  if (!action) return undefined
  const match = /^(stream|snapshot)(?:_(\d{1,9}))?$/.exec(action)
  if (!match) return missing(`there is no action ${quote(action)}`, names)
  const index = Number(match[2] ?? 0)
  const name = candidates[index]
  if (name === undefined) return missing(`there is no stream number ${index}, counted from 0`, names)
  return leafRoute(match[1] as 'stream' | 'snapshot', name, query)
}

function leafRoute(leaf: 'stream' | 'snapshot', stream: string, query: URLSearchParams): Route {
  if (leaf === 'snapshot') return snapshotRoute(stream, query)
  const fps = query.get('fps')
  const viewer = viewerOf(query)
  const timings = query.get('extra_headers')
  const rest = { viewer, hasTimings: timings !== null && !/^(0|false|no)$/i.test(timings) }
  if (!fps) return { kind: 'stream', stream, framerate: undefined, ...rest }
  const framerate = /^\d{1,4}(\.\d{1,6})?$/.test(fps) ? Number(fps) : 0
  if (framerate > 0 && framerate <= highestFramerate) return { kind: 'stream', stream, framerate, ...rest }
  return bad(`fps=${quote(fps)} is not a number above 0 and up to ${highestFramerate}, such as fps=5 or fps=0.5`)
}

function snapshotRoute(stream: string, query: URLSearchParams): Route {
  const age = query.get('max_age')
  if (!age) return { kind: 'snapshot', stream, maxAgeMs: undefined }
  if (!/^\d{1,9}$/.test(age)) {
    return bad(`max_age=${quote(age)} is not a whole number of milliseconds, such as max_age=500`)
  }
  return { kind: 'snapshot', stream, maxAgeMs: Number(age) }
}

/** `key` is ustreamer's name for it. What is no such word is let pass like every other query. */
function viewerOf(query: URLSearchParams): string | undefined {
  const viewer = query.get('viewer') ?? query.get('key')
  return viewer !== null && /^[\w-]{1,32}$/.test(viewer) ? viewer : undefined
}

function bad(text: string): Route {
  return { kind: 'bad', text }
}

function missing(text: string, names: readonly string[]): Route {
  return { kind: 'missing', text: `${text}\n\n${directory(names)}` }
}

/** A list of what there is, for people who mistyped an address. */
export function directory(names: readonly string[]): string {
  const [main] = names
  const lines = [
    'What there is:',
    '  /              the page',
    '  /state         the state as JSON',
    '  /api/v1        state and control for programs (described by /api/v1/openapi.json)',
    '  /metrics       for Prometheus; /health/live and /health/ready'
  ]
  if (main === undefined) return [...lines, 'No stream is configured.'].join('\n')
  lines.push(
    `  /stream.mjpg   live pictures of ${quote(main)} (also /stream, /video_feed, /?action=stream); ?fps=5 limits the rate`,
    `  /ws            a WebSocket with the live pictures of any of them`,
    `  /snapshot.jpg  one picture of ${quote(main)} (also /snapshot, /?action=snapshot); ?max_age=500 takes one of the last 500 ms`
  )
  for (const name of names) {
    const path = `/${encodeURIComponent(name)}`
    lines.push(`  ${path}/  ${path}/stream.mjpg  ${path}/snapshot.jpg`)
  }
  return lines.join('\n')
}
