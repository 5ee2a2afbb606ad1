// TSDoc comments as Markdown. The kinds of nodes are those of @microsoft/tsdoc.

/** Markdown of a node of a comment and of all that is in it. */
export function markdownOf(node) {
  if (node === undefined) return ''
  switch (node.kind) {
    case 'PlainText':
    case 'ErrorText':
      return node.text
    case 'EscapedText':
      return node.encodedText
    case 'CodeSpan':
      return `\`${node.code}\``
    case 'FencedCode':
      return `\`\`\`${node.language}\n${node.code}\`\`\`\n\n`
    case 'SoftBreak':
      return '\n'
    case 'LinkTag':
      return node.urlDestination
        ? `[${node.linkText ?? node.urlDestination}](${node.urlDestination})`
        : (node.linkText ?? '')
    case 'Paragraph':
      return `${childrenOf(node).trim()}\n\n`
    case 'BlockTag':
    case 'Excerpt':
      return ''
    default:
      return childrenOf(node)
  }
}

function childrenOf(node) {
  return node.getChildNodes().map(markdownOf).join('')
}

/** Blocks of a comment with this tag: `@throws`. */
export function blocksOf(comment, tag) {
  return (comment?.customBlocks ?? [])
    .filter((block) => block.blockTag.tagName === tag)
    .map((block) => markdownOf(block.content).trim())
}

/** Summary and remarks, without what is told of parameters and results. */
export function proseOf(comment) {
  if (comment === undefined) return ''
  const parts = [comment.summarySection, comment.remarksBlock?.content].map((node) => markdownOf(node).trim())
  return [...parts, ...blocksOf(comment, '@example')].filter((text) => text !== '').join('\n\n')
}

/** What is told of parameters, result and errors, as a list. */
export function contractOf(comment) {
  if (comment === undefined) return []
  return [
    ...comment.params.blocks.map((block) => `\`${block.parameterName}\`: ${markdownOf(block.content).trim()}`),
    ...(comment.returnsBlock ? [`Returns ${markdownOf(comment.returnsBlock.content).trim()}`] : []),
    ...blocksOf(comment, '@throws').map((text) => `Throws ${text}`)
  ]
}
