// docs/errors.md, made of the table in packages/core/src/plugin/errors.ts.

const introduction = `# Errors

Everything that can go wrong and that you can mend has a code. It never changes between major versions, so that a program or a search can go by it; the
message may. A message names the part, the deed and the value:

\`\`\`text
streamer: transport http: cannot listen on 0.0.0.0:8080: address already in use
Choose another port (\`port\`; --http-port and its like) or host, or end the program that has it. With \`optional: true\` the others go on without it.
\`\`\`

The command prints that on standard error, never a stack (\`--log-level debug\` shows it), then the line below "What helps". With several problems it
prints all of them. The exit code is the one that stands here, [or another one](cli.md#its-end) when it was ended by a signal. While the server runs it
does not end: the part that failed is started again, the log says so, and the code stands in \`lastFailure\` of [\`/state\`](protocols/http.md).

In a program it is a [\`StreamerError\`](reference/plugin.md#streamererror) with \`code\`, \`message\`, \`exitCode\` and, where something else was the
reason, \`cause\`. [\`isStreamerError\`](reference/plugin.md#isstreamererrorerror) knows it from any copy of \`@streamer/core\` that is installed.

Plugins may have codes of their own: capitals, beginning with \`ERR_\` and the plugin's name (\`ERR_ACME_LICENCE\`). Those are told in the plugin's own
documents; their exit code is 1. A mistake in a program that calls us, or in a plugin, is a plain \`TypeError\` without a code.

This page is made from [the table of codes](../packages/core/src/plugin/errors.ts) by \`npm run api\`.`

/** @param codes `errorCodes` of the core. */
export function errorsPage(codes) {
  const sections = Object.entries(codes).map(
    ([code, { meaning, remedy, exitCode }]) =>
      `## ${code}\n\n${meaning}\n\nWhat helps: ${remedy[0].toLowerCase()}${remedy.slice(1)}\n\nExit code: ${exitCode}.`
  )
  return `${[introduction, ...sections].join('\n\n')}\n`
}
