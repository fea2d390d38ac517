import type { Match } from './regex.ts'

/** A replacement text made ready: calling it puts the groups of a match into it. */
export type Template = (match: Groups) => string

type Groups = Pick<Match, 'groups' | 'names'>

/**
 * Compiles a replacement in the syntax of Go's `Regexp.Expand`: `$1`, `${1}`, `$name`, `${name}`, `$$` for a dollar sign.
 * `$name` takes as many letters, digits and underscores as follow (`$1x` is the group called `1x`); a group that is not
 * there gives ''; a `$` that starts no reference stays.
 */
export function compileTemplate(template: string): Template {
  const parts = parse(template)
  const [only] = parts
  if (only === undefined) return () => ''
  if (parts.length === 1 && typeof only === 'string') return () => only
  return (match) => {
    let text = ''
    for (const part of parts) text += typeof part === 'string' ? part : groupOf(match, part)
    return text
  }
}

/** {@link compileTemplate} for a template that is used once. */
export const expand = (template: string, match: Groups): string => compileTemplate(template)(match)

/** Whether the text refers to any group. */
export const usesGroups = (template: string): boolean => parse(template).some((part) => typeof part !== 'string')

/** Text, or a reference to a group. A number is never a name: Go reads `$01` and `$1x` as names, `$1` as a number. */
type Part = string | { readonly group: number } | { readonly name: string }

const REFERENCE = /\$(?:(\$)|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu
const NUMBER = /^(?:0|[1-9][0-9]{0,7})$/

function parse(template: string): readonly Part[] {
  const parts: Part[] = []
  let text = ''
  let end = 0
  for (const reference of template.matchAll(REFERENCE)) {
    text += template.slice(end, reference.index)
    end = reference.index + reference[0].length
    const name = reference[2] ?? reference[3]
    if (name === undefined) {
      text += '$'
      continue
    }
    if (text !== '') parts.push(text)
    text = ''
    parts.push(NUMBER.test(name) ? { group: Number(name) } : { name })
  }
  text += template.slice(end)
  if (text !== '') parts.push(text)
  return parts
}

function groupOf(match: Groups, part: Exclude<Part, string>): string {
  const group = 'group' in part ? part.group : match.names.get(part.name)
  return group === undefined ? '' : (match.groups[group] ?? '')
}
