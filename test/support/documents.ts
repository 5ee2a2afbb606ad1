import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Absolute path of the project's folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

/** One fenced block of a Markdown document. */
export interface Example {
  readonly language: string
  readonly text: string
  /** Where it begins, from 1. */
  readonly line: number
}

/** Every fenced block of a document of the project. */
export function examplesOf(document: string): Example[] {
  const text = readFileSync(`${root}/${document}`, 'utf8')
  return Array.from(text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm), (match) => ({
    language: match[1] ?? '',
    text: match[2] ?? '',
    line: text.slice(0, match.index).split('\n').length
  }))
}
