import sax from 'sax'

/** Descriptions of routers have 10 levels; a parser that bears with unclosed elements looks through all of them at each end of one. */
const maxDepth = 64

/** An element that holds nothing but text; its name without prefix, in lower case. */
export interface Leaf {
  readonly name: string
  readonly text: string
}

/**
 * The elements with text of a document, in order. What a router of ten years ago takes for XML is read as far as it goes; never throws.
 */
export function leavesOf(document: string): Leaf[] {
  const leaves: Leaf[] = []
  let text = ''
  let depth = 0
  const parser = sax.parser(false, { lowercase: true })
  parser.onerror = () => {
    parser.error = null as unknown as Error
  }
  parser.onopentag = () => {
    text = ''
    if (++depth > maxDepth) throw new RangeError('too many levels')
  }
  parser.ontext = (piece) => {
    text += piece
  }
  parser.oncdata = parser.ontext
  parser.onclosetag = (name) => {
    depth--
    if (text.trim() !== '') leaves.push({ name: name.split(':').at(-1) ?? name, text: text.trim() })
    text = ''
  }
  try {
    parser.write(document).close()
  } catch {
    // What was read until here stands.
  }
  return leaves
}

const entities: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
  "'": '&apos;'
}

/** Text as the content of an element or an attribute. */
export function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, (character) => entities[character] ?? character)
}
