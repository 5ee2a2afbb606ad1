import type { IncomingMessage, ServerResponse } from 'node:http'
import { type HostView, isStreamerError, type Stream } from '@streamer/core/plugin'
import type { Origins } from '../access/origins.js'
import { send, sendText } from '../answers.js'
import type { HttpCounters } from '../counters.js'
import { readiness } from '../health.js'
import type { Metrics } from '../metrics/metrics.js'
import { pathsOf } from '../state.js'
import { pathOf, quote } from '../text.js'
import { readJson } from './body.js'
import { openApiDocument } from './openapi.js'
import { type Operation, operations } from './operations.js'
import { Problem, sendProblem } from './problem.js'
import { type Answer, valuesSchema } from './schemas.js'
import { clientViews, controlsView, streamView } from './views.js'

/** What the API is made of. */
export interface ApiParts {
  readonly host: HostView
  /** The streams that this transport carries. */
  readonly served: ReadonlyMap<string, Stream>
  readonly counters: HttpCounters
  readonly origins: Origins
  /** The option of that name. */
  readonly basePath: string
  /** Told of an answer that could not be made, for a reason that is not the client's. */
  readonly onFailure: (response: ServerResponse, error: unknown) => void
}

/** An operation with the segments of its path, for matching. */
const patterns = operations.map((operation) => ({ operation, segments: operation.path.slice(1).split('/') }))

/** Answers what programs ask for: `/api/v1`, `/metrics` and `/health`. None of it wakes a camera. */
export class Api {
  readonly #host: HostView
  readonly #served: ReadonlyMap<string, Stream>
  readonly #counters: HttpCounters
  readonly #origins: Origins
  readonly #basePath: string
  readonly #onFailure: ApiParts['onFailure']
  #metrics: Metrics | undefined

  constructor({ host, served, counters, origins, basePath, onFailure }: ApiParts) {
    this.#host = host
    this.#served = served
    this.#counters = counters
    this.#origins = origins
    this.#basePath = basePath
    this.#onFailure = onFailure
  }

  /** Whether a request is one for the API itself, whose body is then read here. */
  static isForApi(request: IncomingMessage): boolean {
    return /^\/api\/v1(\/|$)/.test(pathOf(request.url ?? '/'))
  }

  /** Answers a request if it is one of its own, and says whether it is. */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    if (Api.isForApi(request)) {
      this.#answerApi(request, response).catch((error: unknown) => this.#onFailure(response, error))
      return true
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') return false
    switch (pathOf(request.url ?? '/')) {
      case '/metrics':
        this.#answerMetrics(response).catch((error: unknown) => this.#onFailure(response, error))
        return true
      case '/health':
      case '/health/live':
        sendText(response, 200, 'alive')
        return true
      case '/health/ready': {
        const { status, text } = readiness(this.#host)
        sendText(response, status, text)
        return true
      }
      default:
        return false
    }
  }

  async #answerMetrics(response: ServerResponse): Promise<void> {
    // Few ask for them, and what they need takes a while to load.
    const { Metrics } = await import('../metrics/metrics.js')
    this.#metrics ??= new Metrics(this.#host)
    const text = await this.#metrics.text()
    send(response, 200, this.#metrics.contentType, text)
  }

  async #answerApi(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const found = this.#find(request)
      if (found === undefined) this.#answerOptions(request, response)
      else {
        if (found.operation.method !== 'GET') this.#refuseOtherSites(request)
        const answer = await this.#do(found.operation, found.parameter, request)
        if (answer === undefined) response.writeHead(204).end()
        else send(response, 200, 'application/json', `${JSON.stringify(answer)}\n`)
      }
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      this.#count(error.status)
      sendProblem(response, error)
    }
  }

  /** The operation that is asked for, with what stands in its path; undefined for OPTIONS. */
  #find(request: IncomingMessage): { operation: Operation; parameter: string } | undefined {
    const segments = segmentsBelowRoot(request.url ?? '/')
    const fitting = patterns.filter((pattern) => fits(pattern.segments, segments))
    if (fitting.length === 0) {
      const known = operations.map(({ method, path }) => `${method} /api/v1${path}`).join(', ')
      throw new Problem(404, `there is no such address; there are: ${known}`)
    }
    if (request.method === 'OPTIONS') return undefined
    const method = request.method === 'HEAD' ? 'GET' : request.method
    const pattern = fitting.find(({ operation }) => operation.method === method)
    const allow = allowed(fitting.map(({ operation }) => operation))
    if (!pattern) throw new Problem(405, `${request.method} is not possible here, only ${allow}`, { Allow: allow })
    const place = pattern.segments.findIndex((segment) => segment.startsWith('{'))
    return { operation: pattern.operation, parameter: segments[place] ?? '' }
  }

  #answerOptions(request: IncomingMessage, response: ServerResponse): void {
    const segments = segmentsBelowRoot(request.url ?? '/')
    const fitting = patterns.filter((pattern) => fits(pattern.segments, segments))
    const allow = allowed(fitting.map(({ operation }) => operation))
    // Anybody may read is not anybody may write.
    if (!this.#origins.isEmpty && !this.#origins.isAny) response.setHeader('Access-Control-Allow-Methods', allow)
    response.writeHead(204, { Allow: allow }).end()
  }

  /** Browsers send requests of any page along with the passwords that they know, and say that they do. `Origin` is looked at with the access. */
  #refuseOtherSites({ headers }: IncomingMessage): void {
    if (headers['sec-fetch-site'] !== 'cross-site' || this.#origins.has(headers.origin)) return
    throw new Problem(403, 'a page of another site may not change anything here (see the option corsOrigin)')
  }

  async #do({ id }: Operation, parameter: string, request: IncomingMessage): Promise<Answer | object | undefined> {
    const { streams } = this.#host
    switch (id) {
      case 'listStreams':
        return { streams: Array.from(streams.values(), (stream) => this.#view(stream)) }
      case 'getStream':
        return this.#view(this.#stream(parameter))
      case 'getControls':
        return controlsView(this.#stream(parameter))
      case 'setControls':
        return this.#setControls(this.#stream(parameter), await readJson(request))
      case 'listClients':
        return { clients: clientViews(this.#host) }
      case 'disconnectClient':
        if (!this.#host.disconnect(parameter)) throw new Problem(404, `there is no client ${quote(parameter)}`)
        return undefined
      case 'listTransports':
        return { transports: this.#host.transports() }
      case 'getDocument':
        return openApiDocument(this.#host.version)
    }
  }

  async #setControls(stream: Stream, body: unknown): Promise<Answer> {
    const { data: values, error } = valuesSchema.safeParse(body)
    if (error) throw new Problem(422, 'the body must be an object of numbers, texts, true and false by name of control')
    if (!stream.controls) throw new Problem(422, `the stream ${quote(stream.name)} has no controls`)
    try {
      await stream.controls.set(values)
    } catch (failure) {
      if (!isStreamerError(failure)) throw failure
      throw new Problem(failure.code === 'ERR_CONTROL_INVALID' ? 422 : 503, failure.message)
    }
    return controlsView(stream)
  }

  #view(stream: Stream) {
    return streamView(stream, this.#served.has(stream.name) ? pathsOf(stream.name, this.#basePath) : null)
  }

  #stream(name: string): Stream {
    const stream = this.#host.streams.get(name)
    if (stream) return stream
    const known = [...this.#host.streams.keys()].map(quote).join(', ')
    throw new Problem(404, `there is no stream ${quote(name)}; there are: ${known}`)
  }

  #count(status: number): void {
    if (status === 404) this.#counters.notFound++
    else if (status === 405) this.#counters.methodsNotAllowed++
    else if (status < 500) this.#counters.badRequests++
  }
}

/** Of `/api/v1/streams/front`: `streams`, `front`. */
function segmentsBelowRoot(target: string): string[] {
  try {
    return pathOf(target).split('/').slice(3).map(decodeURIComponent)
  } catch {
    throw new Problem(400, 'the path has a "%" that is not followed by two hexadecimal digits of UTF-8')
  }
}

function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  if (pattern.length !== segments.length) return false
  return pattern.every((segment, index) => segment === segments[index] || (segment.startsWith('{') && segments[index]))
}

function allowed(fitting: readonly Operation[]): string {
  const methods = fitting.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  return [...methods, 'OPTIONS'].join(', ')
}
