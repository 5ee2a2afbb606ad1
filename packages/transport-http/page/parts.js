const [carriageReturn, lineFeed] = [13, 10]
/** Bounds of what is kept while it comes in: fields of a part, and a JPEG. Bytes. */
const maxHead = 4096
const maxBody = 64 * 1024 * 1024

/** Takes a stream of `multipart/x-mixed-replace` apart, as docs/protocols/http.md has it: each part says its length. */
export class PartReader {
  #onPart
  #bytes = new Uint8Array(64 * 1024)
  #length = 0
  /** Of the part whose body is coming in. */
  #fields

  /** @param onPart told `(fields, data)` of each part: names of fields in small letters, and bytes that are the callee's. */
  constructor(onPart) {
    this.#onPart = onPart
  }

  /** Takes the next bytes. @throws Error for what is no such stream. */
  push(chunk) {
    this.#add(chunk)
    let at = 0
    for (;;) {
      if (this.#fields === undefined) {
        const end = endOfHead(this.#bytes, at, this.#length)
        if (end < 0) {
          if (this.#length - at > maxHead) throw new Error('a part without an end of its head')
          break
        }
        this.#fields = fieldsIn(this.#bytes.subarray(at, end))
        at = end
      }
      const size = Number(this.#fields.get('content-length'))
      if (!(size > 0 && size <= maxBody)) throw new Error('a part that does not say its length')
      if (this.#length - at < size) break
      const fields = this.#fields
      this.#fields = undefined
      this.#onPart(fields, this.#bytes.slice(at, at + size))
      at += size
    }
    this.#bytes.copyWithin(0, at, this.#length)
    this.#length -= at
  }

  #add(chunk) {
    const length = this.#length + chunk.byteLength
    if (length > this.#bytes.byteLength) {
      const larger = new Uint8Array(2 * length)
      larger.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = larger
    }
    this.#bytes.set(chunk, this.#length)
    this.#length = length
  }
}

/** Behind the empty line; -1 while there is none. */
function endOfHead(bytes, from, to) {
  for (let at = from + 3; at < Math.min(to, from + maxHead); at++) {
    if (bytes[at] !== lineFeed || bytes[at - 2] !== lineFeed) continue
    if (bytes[at - 1] === carriageReturn && bytes[at - 3] === carriageReturn) return at + 1
  }
  return -1
}

function fieldsIn(bytes) {
  const fields = new Map()
  for (const line of new TextDecoder('latin1').decode(bytes).split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) fields.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
  }
  return fields
}
