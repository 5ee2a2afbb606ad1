import type { schemas } from './schemas.js'

/** One thing that can be asked of the API. The table is what requests are sorted by and what the OpenAPI document is made of. */
export interface Operation {
  readonly id:
    | 'listStreams'
    | 'getStream'
    | 'getControls'
    | 'setControls'
    | 'listClients'
    | 'disconnectClient'
    | 'listTransports'
    | 'getDocument'
  readonly method: 'GET' | 'PATCH' | 'DELETE'
  /** Below `/api/v1`; a segment in braces is any one. */
  readonly path: string
  readonly summary: string
  /** What a successful answer is; nothing for 204, and any JSON for the document itself. */
  readonly answer?: keyof typeof schemas | 'any'
  readonly body?: keyof typeof schemas
  /** Statuses of the errors that can come, by what each means here, beside those of `accessProblems`. */
  readonly problems: Readonly<Record<number, string>>
}

/** The same of every operation, where there are users, a key or `allowedHosts`. */
export const accessProblems: Readonly<Record<number, string>> = {
  401: 'A name and a password are needed, or those given are wrong.',
  403: 'This is not for the sender, or the server does not go by the name that was asked for.',
  429: 'Too many wrong passwords came from the address of the sender; Retry-After tells when to come again.'
}
const noStream = { 404: 'There is no stream of that name.' }
const forbidden = { 403: 'The request comes from a page of another site, or its sender may not change anything.' }

/** All of them. */
export const operations: readonly Operation[] = [
  { id: 'listStreams', method: 'GET', path: '/streams', summary: 'All streams', answer: 'Streams', problems: {} },
  {
    id: 'getStream',
    method: 'GET',
    path: '/streams/{name}',
    summary: 'One stream',
    answer: 'Stream',
    problems: noStream
  },
  {
    id: 'getControls',
    method: 'GET',
    path: '/streams/{name}/controls',
    summary: 'The settings of a stream that can change while it runs, with their ranges and values',
    answer: 'Controls',
    problems: noStream
  },
  {
    id: 'setControls',
    method: 'PATCH',
    path: '/streams/{name}/controls',
    summary: 'Changes settings, all that are given or none; answers with all of them',
    answer: 'Controls',
    body: 'Values',
    problems: {
      400: 'The body is not JSON.',
      ...forbidden,
      ...noStream,
      413: 'The body has more than 64 KiB.',
      415: 'The body is not of the type application/json.',
      422: 'There is no such setting, or a value is out of its range; nothing was changed.',
      503: 'The camera or the encoder could not take them.'
    }
  },
  {
    id: 'listClients',
    method: 'GET',
    path: '/clients',
    summary: 'The clients of all transports',
    answer: 'Clients',
    problems: {}
  },
  {
    id: 'disconnectClient',
    method: 'DELETE',
    path: '/clients/{id}',
    summary: 'Cuts one client, which may come again',
    problems: { ...forbidden, 404: 'There is no such client (any more).' }
  },
  {
    id: 'listTransports',
    method: 'GET',
    path: '/transports',
    summary: 'All transports',
    answer: 'Transports',
    problems: {}
  },
  { id: 'getDocument', method: 'GET', path: '/openapi.json', summary: 'This document', answer: 'any', problems: {} }
]
