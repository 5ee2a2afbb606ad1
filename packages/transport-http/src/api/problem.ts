import { type ServerResponse, STATUS_CODES } from 'node:http'
import { send } from '../answers.js'

/** What cannot be done, as the API says it. */
export class Problem extends Error {
  override readonly name = 'Problem'

  /** @param detail a sentence: what is wrong, and what would be right. */
  constructor(
    readonly status: number,
    readonly detail: string,
    readonly headers: Readonly<Record<string, string>> = {}
  ) {
    super(detail)
  }
}

/** Sends an error as `application/problem+json` (RFC 9457). */
export function sendProblem(response: ServerResponse, { status, detail, headers }: Problem): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  const body = { title: STATUS_CODES[status] ?? 'Error', status, detail }
  send(response, status, 'application/problem+json', `${JSON.stringify(body)}\n`)
}
