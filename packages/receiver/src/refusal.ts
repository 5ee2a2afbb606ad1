import { RefusalReason } from '@streamer/protocol'

/** What a server of version 2 says when it refuses a client, for people. */
export function refusalText({ reason, text }: { readonly reason: number; readonly text: string }): string {
  const why: Readonly<Record<number, string>> = {
    [RefusalReason.stream]: 'it has no such stream',
    [RefusalReason.full]: 'it has no room for another client',
    [RefusalReason.keyNeeded]: 'a key is needed',
    [RefusalReason.keyWrong]: 'the key is wrong',
    [RefusalReason.stopping]: 'it is stopping'
  }
  // The text is the server's: control characters have no business on a terminal.
  const said = text.replace(/\p{C}/gu, ' ').trim()
  const known = why[reason] ?? `reason ${reason}`
  return `the server refuses: ${known}${said === '' ? '' : ` (${said})`}`
}
