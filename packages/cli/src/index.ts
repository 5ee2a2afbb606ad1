/**
 * The `streamer` command. Everything that streams is in `@streamer/core` and the plugins; here are argv, signals, exit codes and printing.
 *
 * ```sh
 * streamer --source fake --transport http --http-port 8081
 * ```
 * @packageDocumentation
 */
export { main } from './main.js'
