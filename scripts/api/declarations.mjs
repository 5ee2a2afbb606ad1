// Declarations as code. The model knows what there is; the .d.ts files have the order of the source and the comments inside of types.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Lines of a constant that are shown; a long table has a page of its own. */
const longestConstant = 20

/**
 * @param item an exported function, class, interface, type or constant.
 * @returns its declaration in the style of the sources.
 */
export function declarationOf(packageFolder, item) {
  const text = item.excerpt.text.replace(/^export (declare )?/, '').trim()
  const own = item.kind === 'Variable' ? `const ${text}` : text
  if (item.kind === 'TypeAlias') return styled(typeTextOf(packageFolder, item) ?? own)
  if (item.kind === 'Variable' && own.split('\n').length > longestConstant) return `${own.split(':')[0]}: { … }`
  if (item.kind !== 'Interface' && item.kind !== 'Class') return styled(own)
  const members = inOrder(packageFolder, item).map(
    (member) => `    ${member.excerpt.text.trim().replaceAll('\n', '\n    ')}`
  )
  return styled(members.length === 0 ? `${own} {}` : `${own} {\n${members.join('\n')}\n}`)
}

/** Members of a class or an interface, in the order of the source, without those that have a symbol as their name. */
export function inOrder(packageFolder, item) {
  const lines = linesOf(packageFolder, item)
  const start = startOf(lines, item)
  const placeOf = ({ name, kind }) => {
    const word = kind === 'Constructor' ? 'constructor' : name.replace(/[^\w$]/g, '\\$&')
    const pattern = new RegExp(`^ {4}(?:(?:readonly|static|get|set|abstract) )*${word}\\W`)
    const index = lines.slice(start).findIndex((line) => pattern.test(line))
    return index < 0 ? Number.POSITIVE_INFINITY : index
  }
  const named = item.members.filter(({ name = '' }) => !name.startsWith('['))
  return named
    .map((member) => ({ member, place: placeOf(member) }))
    .sort((a, b) => a.place - b.place)
    .map(({ member }) => member)
}

/** The whole text of a type, with its comments. */
function typeTextOf(packageFolder, item) {
  const lines = linesOf(packageFolder, item)
  const start = startOf(lines, item)
  if (start < 0) return undefined
  const end = lines.findIndex(
    (line, index) => index >= start && (index === start || /^\S/.test(line)) && line.endsWith(';')
  )
  return end < 0
    ? undefined
    : lines
        .slice(start, end + 1)
        .join('\n')
        .replace(/^export (declare )?/, '')
}

function startOf(lines, { displayName }) {
  const pattern = new RegExp(`^export (?:declare )?(?:abstract )?(?:class|interface|type) ${displayName}\\b`)
  return lines.findIndex((line) => pattern.test(line))
}

function linesOf(packageFolder, { fileUrlPath = '' }) {
  const file = join(packageFolder, fileUrlPath.replace(/^src\//, 'dist/').replace(/\.ts$/, '.d.ts'))
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
}

/** Two spaces, no semicolons. */
function styled(code) {
  return code.replace(/^( {4})+/gm, (spaces) => spaces.slice(spaces.length / 2)).replace(/;$/gm, '')
}
