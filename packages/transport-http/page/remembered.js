/** What this browser keeps of a page, by name: where it keeps nothing (a private window), nothing is remembered. */
const prefix = `streamer ${new URL(document.querySelector('main').dataset.root, location.href).pathname} `

/** What was remembered under a name; `fallback` when there is nothing. */
export function recall(name, fallback) {
  try {
    return JSON.parse(localStorage.getItem(prefix + name)) ?? fallback
  } catch {
    return fallback
  }
}

/** Remembers a value that JSON can hold; undefined forgets it. */
export function remember(name, value) {
  try {
    if (value === undefined) localStorage.removeItem(prefix + name)
    else localStorage.setItem(prefix + name, JSON.stringify(value))
  } catch {
    // Then it lasts as long as the page.
  }
}
