// The reference of a door: one page with everything that it exports, made of the comments in the sources.
import { dirname, join, relative } from 'node:path'
import { contractOf, proseOf } from './comments.mjs'
import { declarationOf, inOrder } from './declarations.mjs'
import { doors } from './doors.mjs'

const groups = [
  { title: 'Functions', kinds: ['Function'] },
  { title: 'Classes', kinds: ['Class'] },
  { title: 'Types', kinds: ['Interface', 'TypeAlias'] },
  { title: 'Constants', kinds: ['Variable'] }
]

/**
 * @param known pages and anchors of what other doors describe, by the name that the model gives them; what this one describes is added.
 * @returns `page` as text, and `problems`: what is exported without a comment.
 */
export function referenceOf(root, door, { exports, comment }, known) {
  const described = exports.filter((item) => !known.has(keyOf(item)))
  const headings = headingsOf(described)
  for (const item of described) known.set(keyOf(item), { page: door.page, anchor: anchorOf(headings.get(item)) })
  const shared = exports.filter((item) => !described.includes(item))
  const sections = groups
    .map(({ title, kinds }) => ({ title, items: described.filter(({ kind }) => kinds.includes(kind)) }))
    .filter(({ items }) => items.length > 0)
  const link = (item) => `[\`${item.displayName}\`](#${anchorOf(headings.get(item))})`
  const text = [
    `# \`${door.module}\``,
    proseOf(comment),
    sharedText(door, shared, known),
    'This page is made from the comments in the sources by `npm run api`.',
    sections.map(({ title, items }) => `- [${title}](#${anchorOf(title)}): ${items.map(link).join(', ')}`).join('\n'),
    ...sections.flatMap(({ title, items }) => [
      `## ${title}`,
      ...items.flatMap((item) => [`### ${headings.get(item)}`, ...entryOf(root, door, item, known)])
    ])
  ]
  const problems = described
    .filter(({ tsdocComment }) => proseOf(tsdocComment) === '')
    .map((item) => `${door.folder}/${item.fileUrlPath}: ${item.displayName} is exported and has no comment`)
  return { page: `${text.filter((part) => part !== '').join('\n\n')}\n`, problems }
}

/** What it has from another door, which describes it. */
function sharedText(door, shared, known) {
  const pages = new Set(shared.map((item) => known.get(keyOf(item)).page))
  const sentences = Array.from(pages, (page) => {
    const items = shared.filter((item) => known.get(keyOf(item)).page === page)
    const { module } = doors.find((other) => other.page === page)
    const isAll = [...known.values()].filter((place) => place.page === page).length === items.length
    const links = items.map(
      (item) => `[\`${item.displayName}\`](${toward(door.page, page)}#${known.get(keyOf(item)).anchor})`
    )
    return isAll
      ? `It has everything of [\`${module}\`](${toward(door.page, page)}), too.`
      : `Of \`${module}\` it has ${links.join(', ')}, too.`
  })
  return sentences.join('\n\n')
}

function entryOf(root, door, item, known) {
  const folder = join(root, door.folder)
  const members = item.kind === 'Class' || item.kind === 'Interface' ? inOrder(folder, item) : []
  return [
    proseOf(item.tsdocComment),
    `\`\`\`ts\n${declarationOf(folder, item)}\n\`\`\``,
    listed(contractOf(item.tsdocComment)),
    listed(members.map(memberText)),
    footOf(door, item, members, known)
  ]
}

/** `ready()`: what it does, and below that its parameters, result and errors. Nothing for a member whose name says it all. */
function memberText(member) {
  const comment = member.tsdocComment
  // The model makes one up for constructors.
  const prose =
    member.kind === 'Constructor' && /^Constructs a new instance/.test(proseOf(comment)) ? '' : proseOf(comment)
  const contract = contractOf(comment)
  if (prose === '' && contract.length === 0) return undefined
  const name = member.kind === 'Constructor' ? 'constructor' : member.displayName
  const call = member.parameters === undefined ? '' : `(${member.parameters.map(nameOf).join(', ')})`
  return [`\`${name}${call}\`${prose === '' ? '' : `: ${prose}`}`, ...contract.map((line) => `- ${line}`)].join('\n')
}

/** Where it stands in the sources, and the types that it names. */
function footOf(door, item, members, known) {
  const source = toward(door.page, join(door.folder, item.fileUrlPath))
  const tokens = [item, ...members].flatMap(({ excerptTokens }) => excerptTokens)
  const names = new Map()
  for (const { kind, text, canonicalReference } of tokens) {
    const place = kind === 'Reference' ? known.get(String(canonicalReference)) : undefined
    if (place === undefined || String(canonicalReference) === keyOf(item)) continue
    const page = place.page === door.page ? '' : toward(door.page, place.page)
    names.set(text, `[\`${text}\`](${page}#${place.anchor})`)
  }
  const see = names.size === 0 ? '' : ` See ${[...names.values()].join(', ')}.`
  return `In [${item.fileUrlPath}](${source}).${see}`
}

/** Functions are shown with their parameters, which keeps `sourceSupports` apart from `SourceSupports`: anchors have no capitals. */
function headingsOf(items) {
  const headings = new Map()
  const taken = new Set(groups.map(({ title }) => anchorOf(title)))
  for (const item of items) {
    const plain =
      item.kind === 'Function' ? `${item.displayName}(${item.parameters.map(nameOf).join(', ')})` : item.displayName
    const heading = taken.has(anchorOf(plain))
      ? `${plain} (${item.kind === 'Variable' ? 'constant' : item.kind.toLowerCase()})`
      : plain
    if (taken.has(anchorOf(heading))) throw new Error(`two headings have the anchor ${anchorOf(heading)}`)
    taken.add(anchorOf(heading))
    headings.set(item, heading)
  }
  return headings
}

/** The model names a parameter that is taken apart by its parts, and by a word of its own behind them. */
function nameOf({ name }) {
  return name.replace(/^[[{].*[\]}], /, '')
}

function anchorOf(heading) {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')
}

function keyOf(item) {
  return String(item.canonicalReference)
}

function toward(page, target) {
  return relative(dirname(page), target)
}

function listed(texts) {
  return texts
    .filter((text) => text !== undefined)
    .map((text) => `- ${text.replaceAll('\n', '\n  ').replace(/^ +$/gm, '')}`)
    .join('\n')
}
