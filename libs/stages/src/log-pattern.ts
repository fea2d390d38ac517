import { shown } from '@clymene/model'

/** Names of a pattern's captures and how to find them; undefined when the text does not begin as the pattern does. */
export type LogPattern = {
  readonly names: readonly string[]
  /** One after the other, as many as were found. */
  readonly match: (text: string) => readonly string[] | undefined
}

/** `<name>` or `<_>`, else the text up to the next. */
const CAPTURE = /<([A-Za-z_][A-Za-z0-9_]*)>/g

type Part = { readonly literal: string } | { readonly name: string }

/**
 * Compiles a pattern of LogQL: text in which `<name>` stands for what is up to the next text, `<_>` for what is of no
 * interest. A capture whose next text does not come takes all the rest, and the match ends there.
 *
 * @throws Error naming what is wrong.
 * @see https://grafana.com/docs/loki/latest/query/log_queries/#pattern
 */
export function compileLogPattern(pattern: string): LogPattern {
  const parts = split(pattern)
  const names = parts.flatMap((part) => ('name' in part && part.name !== '_' ? [part.name] : []))
  if (names.length === 0) throw new Error(`pattern ${shown(pattern)}: expected at least one <name>`)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new Error(`pattern ${shown(pattern)}: <${twice}> stands there twice`)
  const touching = parts.find((part, index) => 'name' in part && 'name' in (parts[index + 1] ?? { literal: '' }))
  if (touching !== undefined) throw new Error(`pattern ${shown(pattern)}: text is needed between two captures`)
  const [first] = parts
  const start = first !== undefined && 'literal' in first ? first.literal : ''
  const captures = parts.slice(start === '' ? 0 : 1)
  return {
    names,
    match: (text) => {
      if (text === '' || !text.startsWith(start)) return undefined
      const found: string[] = []
      let position = start.length
      for (let index = 0; index < captures.length; index += 2) {
        const capture = captures[index]
        const next = captures[index + 1]
        const end = next !== undefined && 'literal' in next ? text.indexOf(next.literal, position) : -1
        if (capture !== undefined && 'name' in capture && capture.name !== '_') {
          found.push(text.slice(position, end === -1 ? undefined : end))
        }
        if (end === -1 || next === undefined || !('literal' in next)) return found
        position = end + next.literal.length
      }
      return found
    },
  }
}

function split(pattern: string): readonly Part[] {
  const parts: Part[] = []
  let end = 0
  for (const capture of pattern.matchAll(CAPTURE)) {
    if (capture.index > end) parts.push({ literal: pattern.slice(end, capture.index) })
    parts.push({ name: capture[1] ?? '' })
    end = capture.index + capture[0].length
  }
  if (end < pattern.length) parts.push({ literal: pattern.slice(end) })
  return parts
}
