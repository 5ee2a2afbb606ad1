/** The command line is wrong; the message says what and what would be right. Ends with exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
