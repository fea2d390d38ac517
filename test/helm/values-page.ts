import { parse, stringify } from 'yaml'

/** A value of the chart: where it stands, its default and what its comment says. A section has no default of its own. */
export type ValueRow = { readonly path: readonly string[]; readonly value: unknown; readonly isSection: boolean; readonly comment: string }

type Line = { readonly path: readonly string[]; readonly comment: string }

/**
 * The rows of values.yaml, in its order. A map is a section when its keys have comments of their own, else it is one value.
 * @throws Error that names the values without a comment.
 */
export function valueRows(text: string): readonly ValueRow[] {
  const lines = keysOf(text)
  const isSection = ({ path }: Line): boolean =>
    lines.some((other) => other.comment !== '' && other.path.length > path.length && path.every((key, depth) => other.path[depth] === key))
  const told = lines.filter((line) => line.comment !== '')
  const single = told.filter((line) => !isSection(line))
  const isPartOfOne = ({ path }: Line): boolean => single.some((one) => one.path.every((key, depth) => path[depth] === key))
  // A section within a section may go without, when its name says it.
  const untold = lines.filter((line) => line.comment === '' && !isPartOfOne(line) && (line.path.length === 1 || !isSection(line)))
  if (untold.length > 0) throw new Error(`values.yaml: no comment on ${untold.map(({ path }) => path.join('.')).join(', ')}`)
  const values: unknown = parse(text)
  return told.map((line) => ({ ...line, value: valueAt(values, line.path), isSection: isSection(line) }))
}

/** Keys with the comment above them, but for those within lists. A blank line ends a comment that belongs to no key. */
function keysOf(text: string): readonly Line[] {
  const found: Line[] = []
  let path: { key: string; indent: number }[] = []
  let comment: string[] = []
  let list = Number.POSITIVE_INFINITY
  for (const line of text.split('\n')) {
    const [, blanks = '', mark = '', rest = ''] = /^( *)(- |# ?)?(.*)$/.exec(line) ?? []
    const indent = blanks.length
    if (indent > list || (mark === '- ' && indent >= list)) continue
    if (mark.startsWith('#')) comment.push(rest)
    else if (mark === '- ') list = indent
    else if (rest === '') comment = []
    else {
      list = Number.POSITIVE_INFINITY
      path = [...path.filter((one) => one.indent < indent), { key: rest.split(':', 1)[0] ?? '', indent }]
      found.push({ path: path.map(({ key }) => key), comment: comment.join(' ').replaceAll(/ {2,}/g, ' ') })
      comment = []
    }
  }
  return found
}

function valueAt(values: unknown, path: readonly string[]): unknown {
  const [key, ...rest] = path
  if (key === undefined) return values
  if (typeof values !== 'object' || values === null || !(key in values)) throw new Error(`values.yaml: nothing at ${path.join('.')}`)
  return valueAt(Object.entries(values).find(([name]) => name === key)?.[1], rest)
}

/** Lists for docs/helm.md, a line a value: a table of them would be as wide as the longest comment. A section is a line with its comment, its values are below it. */
export function valuesLists(rows: readonly ValueRow[]): string {
  const lines = rows.map(({ path, value, isSection, comment }, index) => {
    const endsSection = path.length === 1 && !isSection && (rows[index - 1]?.path.length ?? 1) > 1
    const name = path.join('.')
    const told = comment.replaceAll('<', '\\<')
    if (isSection) return `\n**${name}**: ${told}\n`
    return `${endsSection ? '\n**Others**\n\n' : ''}- \`${name}\` = \`${inline(value)}\`: ${told}`
  })
  return lines.join('\n').trim()
}

/** Longer defaults are left to values.yaml. */
const INLINE = 100

function inline(value: unknown): string {
  if (value === '') return "''"
  const options = { collectionStyle: 'flow', lineWidth: 0, singleQuote: true, flowCollectionPadding: true } as const
  const text = stringify(value, options).trim()
  return text.length > INLINE ? '[ … ]' : text
}
