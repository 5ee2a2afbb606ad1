/** What was asked for cannot be done; the message says what and what would be right. Ends with exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
