/**
 * Text for others to see, without the user names and passwords of the URLs in it: `rtsp://***@camera/`. Messages of failures are drawn into
 * pictures, served as state and pasted from logs.
 */
export function withoutSecrets(text: string): string {
  return text.replace(/(\w+:\/\/)[^\s/]+@/g, '$1***@')
}
