/**
 * Stand-ins for clients that cannot be installed here. Each follows the rules by which that client finds pictures in what it gets, as its public source
 * has them (in 2026), with its habits that matter to a server: what it asks for, what it insists on, what it does not forgive. None is that client.
 */

/** Pictures as they come. Leaving the loop closes the connection. */
export type Pictures = AsyncGenerator<Buffer, void, undefined>

/** Asks with what is added to the query, and insists on 200. */
async function ask(url: string, added: string, headers: Record<string, string> = {}): Promise<Response> {
  const answer = await fetch(url + (added === '' ? '' : (url.includes('?') ? '&' : '?') + added), { headers })
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
  return answer
}

async function* chunksOf(answer: Response): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of answer.body!) yield Buffer.from(chunk)
}

/** What a script of a page on `origin` may read. */
function checkOrigin(answer: Response, origin: string): void {
  const allowed = answer.headers.get('access-control-allow-origin')
  if (allowed !== '*' && allowed !== origin) throw new TypeError(`a browser does not let ${origin} read this`)
}

/**
 * Mainsail's service "MJPEG-Streamer" reads the stream in a script: a head is all until `FF D8`, both in one chunk; so many bytes as `Content-Length` in it says
 * are the picture; it is shown when one byte more has come. Adds `timestamp=` to the query, and reads across origins.
 */
export async function* mainsailStream(url: string, origin: string): Pictures {
  const answer = await ask(url, `timestamp=${Date.now()}`, { origin })
  checkOrigin(answer, origin)
  let head = ''
  let picture: Buffer | undefined
  let filled = 0
  for await (const chunk of chunksOf(answer)) {
    for (let at = 0; at < chunk.length; at++) {
      // Within the picture too, where it begins a new one.
      if (chunk[at] === 0xff && chunk[at + 1] === 0xd8) {
        const line = head.split('\n').findLast((one) => one.toLowerCase().startsWith('content-length:'))
        const length = Number(line?.split(':')[1])
        if (!(length > 0)) throw new RangeError(`no length in ${JSON.stringify(head)}`)
        picture = Buffer.alloc(length)
      }
      if (!picture) head += String.fromCharCode(chunk[at]!)
      else if (filled < picture.length) picture[filled++] = chunk[at]!
      else {
        yield picture
        picture = undefined
        filled = 0
        head = ''
      }
    }
  }
}

/** An `<img>`, as Fluidd's "MJPEG-Streamer" and OctoPrint have it: a picture is what stands before the next delimiter, and shown when that has come. */
export async function* imageElement(url: string, added = ''): Pictures {
  const answer = await ask(url, added)
  const boundary = /^multipart\/x-mixed-replace;\s*boundary=([^;\s"]+)$/.exec(answer.headers.get('content-type') ?? '')
  if (!boundary) throw new Error('no stream of pictures')
  const delimiter = `--${boundary[1]}`
  let pending = Buffer.alloc(0)
  let hasBegun = false
  for await (const chunk of chunksOf(answer)) {
    pending = Buffer.concat([pending, chunk])
    for (;;) {
      if (!hasBegun) {
        if (pending.length < delimiter.length + 2) break
        if (pending.toString('latin1', 0, delimiter.length + 2) !== `${delimiter}\r\n`) throw new Error('no delimiter')
        hasBegun = true
        pending = pending.subarray(delimiter.length + 2)
      }
      const next = pending.indexOf(`\r\n${delimiter}\r\n`)
      if (next < 0) break
      const part = pending.subarray(0, next)
      pending = pending.subarray(next + delimiter.length + 4)
      const headEnd = part.indexOf('\r\n\r\n')
      if (!/^content-type: image\/jpeg\r?$/im.test(part.toString('latin1', 0, headEnd))) throw new Error('no JPEG')
      yield part.subarray(headEnd + 4)
    }
  }
}

/**
 * go2rtc: empty lines are skipped before a delimiter, any other line that does not begin with two dashes is an error; the fields of a part end with an
 * empty line, and `Content-Length` must be among them, a number and nothing else; so many bytes are the picture.
 */
export async function* go2rtc(url: string): Pictures {
  const answer = await ask(url, '')
  if (answer.headers.get('content-type')?.split(';')[0] !== 'multipart/x-mixed-replace') throw new Error('unknown')
  const chunks = chunksOf(answer)
  let pending = Buffer.alloc(0)
  const more = async () => {
    const { value, done } = await chunks.next()
    if (done) throw new Error('the stream has ended')
    pending = Buffer.concat([pending, value])
  }
  const line = async () => {
    while (!pending.includes('\n')) await more()
    const end = pending.indexOf('\n') + 1
    const text = pending.toString('latin1', 0, end)
    pending = pending.subarray(end)
    return text
  }
  try {
    for (;;) {
      let text = await line()
      while (text === '\r\n') text = await line()
      if (!text.startsWith('--')) throw new Error(`wrong boundary: ${text}`)
      const fields = new Map<string, string>()
      for (text = await line(); text.trim() !== ''; text = await line()) {
        const colon = text.indexOf(':')
        if (colon < 1) throw new Error(`no field: ${text}`)
        fields.set(text.slice(0, colon).toLowerCase(), text.slice(colon + 1).trim())
      }
      const length = fields.get('content-length') ?? ''
      if (!/^\d+$/.test(length)) throw new Error(`no length: ${length}`)
      while (pending.length < Number(length)) await more()
      const picture = pending.subarray(0, Number(length))
      pending = pending.subarray(Number(length))
      yield picture
    }
  } finally {
    await chunks.return()
  }
}

/**
 * Home Assistant's still picture of an MJPEG camera without `still_image_url`: what lies between the first `FF D8` and the first `FF D9` of the stream; then it closes.
 */
export async function homeAssistantStill(url: string): Promise<Buffer> {
  let data = Buffer.alloc(0)
  for await (const chunk of chunksOf(await ask(url, ''))) {
    data = Buffer.concat([data, chunk])
    const end = data.indexOf(Buffer.of(0xff, 0xd9))
    const start = data.indexOf(Buffer.of(0xff, 0xd8))
    if (end >= 0 && start >= 0) return data.subarray(start, end + 2)
  }
  throw new Error('the stream has ended')
}

/** Home Assistant's live picture: the stream handed on to the browser as it is, under the `Content-Type` that it came with; the browser reads it as an `<img>`. */
export const homeAssistantLive = imageElement

/**
 * A picture by its address alone: Moonraker's test of a webcam and its timelapse (`wget`), OctoPrint's snapshots, Home Assistant's `still_image_url`, and the
 * "adaptive" services of Mainsail (`bypassCache=`) and Fluidd (`cacheBust=`), which ask for the next one when one was shown. Another status than 200 is a failure.
 */
export async function snapshot(url: string, added = ''): Promise<Buffer> {
  const answer = await ask(url, added)
  if (answer.headers.get('content-type') !== 'image/jpeg') throw new Error('no picture')
  return Buffer.from(await answer.arrayBuffer())
}
