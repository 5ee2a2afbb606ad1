/** What a client may do: `viewer` reads, `admin` also changes things. */
export type Role = 'viewer' | 'admin'

/** Why a request is not answered, to be sent to its client. */
export interface Refusal {
  readonly status: number
  /** A sentence for people. */
  readonly text: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Undefined when the request may be answered. A promise only where a password has to be checked. */
export type Verdict = Refusal | undefined | Promise<Refusal | undefined>
