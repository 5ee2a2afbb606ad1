import { request } from 'node:http'

/** A description has 3 to 10 kB. */
const maxBytes = 64 * 1024
const timeoutMs = 3000

export interface HttpAnswer {
  readonly status: number
  readonly body: string
}

/** What is sent with `POST`; without it the request is a `GET`. */
export interface SoapBody {
  readonly action: string
  readonly body: string
}

/** One request over a connection of its own, without following redirections. @throws what the connection gave, or the reason of `signal`. */
export function httpRequest(url: URL, signal: AbortSignal, soap?: SoapBody): Promise<HttpAnswer> {
  const whole = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      reject(signal.aborted ? signal.reason : whole.aborted ? new Error('no answer') : error)
    }
    const headers: Record<string, string | number> =
      soap === undefined
        ? {}
        : {
            'Content-Type': 'text/xml; charset="utf-8"',
            'Content-Length': Buffer.byteLength(soap.body),
            SOAPAction: soap.action
          }
    const call = request(
      url,
      { method: soap === undefined ? 'GET' : 'POST', agent: false, signal: whole, headers },
      (response) => {
        const pieces: Buffer[] = []
        let length = 0
        response.on('data', (piece: Buffer) => {
          pieces.push(piece)
          length += piece.length
          if (length > maxBytes) call.destroy(new Error(`it says more than ${maxBytes} bytes`))
        })
        response.on('error', fail)
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(pieces).toString('utf8') })
        )
      }
    )
    call.on('error', fail)
    call.end(soap?.body)
  })
}
