import { readFileSync } from 'node:fs'

const types = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8' } as const

/** What the page is made of besides its document, by name: read once, so that no request ever names a path on a disk. They hold nothing secret. */
export const pageAssets: ReadonlyMap<string, { readonly contentType: string; readonly text: string }> = new Map(
  [
    'viewer.css',
    'viewer.js',
    'card.js',
    'clock.js',
    'controls.js',
    'fallback.js',
    'live.js',
    'message.js',
    'meter.js',
    'parts.js',
    'picture.js',
    'plot.js',
    'refusal.js',
    'remembered.js'
  ].map((name) => {
    const text = readFileSync(new URL(`../page/${name}`, import.meta.url), 'utf8')
    return [name, { contentType: name.endsWith('.css') ? types.css : types.js, text }]
  })
)

/** What the page may do: its own style and scripts and nothing else, pictures and state from this server only. */
export const pageCsp = [
  "default-src 'none'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "style-src 'self'",
  "script-src 'self'",
  "base-uri 'none'",
  "form-action 'none'"
].join('; ')

/**
 * The document of the page; its scripts do the rest. Without scripts it shows the streams as they are.
 * @param names of the streams to show, in this order.
 * @param nested whether the page is that of one stream, one folder below the root. All addresses are relative, so that the
 *   page also works behind a proxy that adds a prefix.
 * @param viewer a word by which the server knows the streams of this very page again.
 */
export function renderPage(names: readonly string[], nested: boolean, viewer: string): string {
  const root = nested ? '../' : ''
  const title = nested && names[0] !== undefined ? `${escapeHtml(names[0])} – Streamer` : 'Streamer'
  const plain = names.map((name) => {
    const address = escapeHtml(`${root}${encodeURIComponent(name)}/stream.mjpg`)
    return `<img src="${address}" alt="Live picture of ${escapeHtml(name)}">`
  })
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${root}page/viewer.css">
<script type="module" src="${root}page/viewer.js"></script>
</head>
<body>
<header><h1>${title}</h1><span id="server" role="status"></span>
<p id="changed" role="status" hidden>The cameras have changed. <button type="button">Reload</button></p></header>
<main class="${names.length === 1 ? 'one' : 'many'}" data-root="${root}" data-viewer="${viewer}" data-single="${nested || names.length === 1 ? 'yes' : 'no'}" data-names="${escapeHtml(JSON.stringify(names))}">
${names.length === 0 ? '<p>No stream is configured.</p>' : ''}<noscript>${plain.join('')}</noscript>
</main>
<footer>${nested ? `<a href="${root}">all streams</a> · ` : ''}<a href="${root}state">state as JSON</a> · <a href="${root}api/v1/openapi.json">API</a> <span id="keys-help" hidden>· <label><input type="checkbox" id="keys" checked> keys:</label> <kbd>S</kbd> snapshot, <kbd>F</kbd> full screen, <kbd>R</kbd> rotate, <kbd>P</kbd> pop out, <kbd>C</kbd> controls, <kbd>G</kbd> graph</span></footer>
</body>
</html>
`
}

/** Safe as text and within a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
