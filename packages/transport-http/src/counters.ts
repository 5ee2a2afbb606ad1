/** What the transport counts from its creation on. Frames and drops of clients are counted by the streams. */
export interface HttpCounters {
  /** Requests that could be parsed. */
  requests: number
  /** Streams begun. */
  streams: number
  /** Snapshots answered with a picture. */
  snapshots: number
  /** Snapshots answered with 503 because no fresh frame came in time. */
  snapshotsWithoutFrame: number
  /** Streams and snapshots answered with 503 because `maxClients` was reached. */
  refusedClients: number
  /** Connections closed at once because there were too many. */
  refusedConnections: number
  /** Connections cut because too many requests waited for their answer on them. */
  pipelinesCut: number
  /** Clients cut because they took nothing for `stallTimeoutMs`. */
  stalled: number
  /** 404 */
  notFound: number
  /** 405 */
  methodsNotAllowed: number
  /** 400 */
  badRequests: number
  /** 431 */
  headsTooLarge: number
  /** 408, and connections on which nothing came within `headTimeoutMs`. */
  requestTimeouts: number
  /** Connections that the system did not let us accept. */
  acceptErrors: number
  /** Requests refused because of who sent them: 401, 403, 429 for too many wrong passwords, 503 for too many at once. */
  refusedRequests: number
  /** Passwords that were wrong. */
  wrongPasswords: number
  /** Addresses locked out because of wrong passwords. */
  lockOuts: number
  /** TLS handshakes that failed. */
  tlsErrors: number
  /** 500, and streams that could not begin or go on: a mistake of ours or of another part. */
  internalErrors: number
}

/** All at zero. */
export function createCounters(): HttpCounters {
  return {
    requests: 0,
    streams: 0,
    snapshots: 0,
    snapshotsWithoutFrame: 0,
    refusedClients: 0,
    refusedConnections: 0,
    pipelinesCut: 0,
    stalled: 0,
    notFound: 0,
    methodsNotAllowed: 0,
    badRequests: 0,
    headsTooLarge: 0,
    requestTimeouts: 0,
    acceptErrors: 0,
    refusedRequests: 0,
    wrongPasswords: 0,
    lockOuts: 0,
    tlsErrors: 0,
    internalErrors: 0
  }
}
