/** What stands in place of a secret. */
const mask = '***'

/** Ends of the names that secrets have in queries, options, variables and objects: `access_token`, `user-pw`, `API_KEY`. */
const names =
  '(?:password|passwd|passphrase|passcode|pass|pwd|pw|token|secret|key|authorization|auth|credentials?|signature)\\d{0,2}'
/** In quotes up to the closing one, which stays; else up to white space or the next parameter. */
const value = '(?:"(?:\\\\.|[^"\\\\\\r\\n])*|\'[^\'\\r\\n]*|[^\\s&]+)'

// Each pattern may repeat without bound only in what stands last in it, so that no text takes more than time in proportion to its length.
// A test watches over that.

/** From the `://` of an address to the next white space. */
const addresses = /:\/\/\S+/g
/** `token=…`, `token = …`, `"token": …`, and `password: …`; other names before a bare colon are mostly prose. */
const values = new RegExp(
  `(${names}(?:=|\\s{1,2}=\\s{1,2}|["']\\s{0,2}[:=]\\s{0,2})|pass(?:word|wd|phrase):\\s{0,2})${value}`,
  'gi'
)
/** `Authorization: Basic …` and its like, to the end of the line or quotation. */
const headers = /((?:authorization|cookie|api-?key|auth-token)\s{0,2}:\s{0,2})[^"'\r\n]+/gi
/** `--password …`, also as two things of a list; not when another option comes next. */
const options = new RegExp(`((?<![^\\s"'])--?[\\w-]{0,40}?${names}["']?[\\s,]{1,3})(?!["']?-)${value}`, 'gi')
/** `-u user:password`, `--user=user:password`, `-uuser:password`; not `-u http://…`. */
const pairs =
  /(?<![^\s"'])(?:-u|--(?:proxy-)?user(?:name)?)(?:=|["']?[\s,]{1,3})?(?:"[^\s:"]{1,128}:(?!\/\/)[^"\r\n]+|'[^\s:']{1,128}:(?!\/\/)[^'\r\n]+|[^\s:"']{1,128}:(?!\/\/)\S+)/gi

/**
 * Text for others to see, without the secrets that can be told by where they stand: messages of failures are drawn into pictures, served
 * as state and pasted from logs. Each is replaced by `***`:
 *
 * - the user and password of an address: `rtsp://***@camera/1`, also when the password has `/`, `?`, `#` or `@` in it;
 * - values after a name that ends in `password`, `pass`, `pwd`, `pw`, `token`, `secret`, `key`, `auth` and their like: `?token=***`,
 *   `--password ***`, `"password":"***"`;
 * - `Authorization: ***`, `Cookie: ***`, and the password of `-u user:***` and `--user user:***`.
 *
 * In doubt it hides too much: with a user in an address, all up to its last `@`. It cannot know a secret that nothing marks: a user
 * alone before a `/` (`rtsp://to/ken@camera`); a password of digits up to its first `/` whose user has a dot in it (`rtsp://j.doe:12/34@camera`
 * could be a host, a port and a path); one with `://` in it; one with white space outside of quotes; one that is encoded; one by itself.
 *
 * Takes time in proportion to the length of `text`.
 */
export function withoutSecrets(text: string): string {
  return text
    .replace(addresses, withoutUsers)
    .replace(headers, `$1${mask}`)
    .replace(values, hideValue)
    .replace(options, hideValue)
    .replace(pairs, (pair) => pair.slice(0, pair.indexOf(':') + 1) + mask)
}

/** Whether what has this name is a secret, as `withoutSecrets` judges it: `key`, `userPassword`. */
export function isSecretName(name: string): boolean {
  const named = `"${name}":"-"`
  return withoutSecrets(named) !== named
}

/** Keeps the opening quote of the value. */
function hideValue(match: string, before: string): string {
  const first = match.charAt(before.length)
  return before + (first === '"' || first === "'" ? first : '') + mask
}

/** @param run one address or more, from the `://` of the first. */
function withoutUsers(run: string): string {
  return run.split('://').map(withoutUser).join('://')
}

/** @param address what follows `://`. */
function withoutUser(address: string): string {
  const at = address.lastIndexOf('@')
  if (at < 0) return address
  const end = address.search(/[/?#]/)
  const authority = end < 0 ? address : address.slice(0, end)
  return isHost(authority) ? address : mask + address.slice(at)
}

/** Whether it is a host with or without a port, as far as can be seen; otherwise what stands before a colon is a user. */
function isHost(authority: string): boolean {
  if (authority.includes('@')) return false
  const colon = authority.indexOf(':')
  if (colon < 0 || authority.startsWith('[')) return true
  const host = authority.slice(0, colon)
  // `camera:8080/…@…` could as well be a user and a password that begins with digits.
  return (host.includes('.') || host === 'localhost') && /^\d{0,5}$/.test(authority.slice(colon + 1))
}
