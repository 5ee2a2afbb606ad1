/** The server answered, and not with what was asked for: `message` is its sentence. */
export class Refusal extends Error {
  /** Of HTTP. */
  status
  /** So long it asks to be left alone, milliseconds; 0 when it did not say. */
  retryMs

  constructor(status, sentence, retryMs) {
    super(sentence)
    this.status = status
    this.retryMs = retryMs
  }

  /** Who asks is the matter, and asking again soon makes it worse: wrong passwords are counted. */
  get isPersonal() {
    return this.status === 401 || this.status === 403 || this.status === 429
  }
}

/** Longer ones are no sentences. Characters. */
const maxSentence = 300

/** Reads what an answer that is not `ok` says: `detail` of a problem, else the first line of its text. */
export async function refusalOf(answer) {
  const text = await answer.text().catch(() => '')
  const type = answer.headers.get('Content-Type') ?? ''
  const seconds = Number(answer.headers.get('Retry-After'))
  return new Refusal(
    answer.status,
    sentenceIn(text, type) || `the server answers ${answer.status}`,
    seconds > 0 ? seconds * 1000 : 0
  )
}

function sentenceIn(text, type) {
  if (type.includes('json')) {
    try {
      const { detail, title } = JSON.parse(text)
      return String(detail ?? title ?? '').slice(0, maxSentence)
    } catch {
      return ''
    }
  }
  // A proxy's page says nothing that the status does not.
  return type.startsWith('text/plain') ? text.split('\n', 1)[0].trim().slice(0, maxSentence) : ''
}
