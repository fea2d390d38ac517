import { compileRegex, compileTemplate, type Regex, RegexError } from '@clymene/regex'

import { TemplateError } from '../value.ts'
import { countOf, fixed, type NamedFunction, ofTexts, textOf } from './arguments.ts'

/** Patterns that are kept compiled: they may come out of lines. */
const MAX_PATTERNS = 100
const patterns = new Map<string, Regex>()

/** Functions on regular expressions, in RE2's syntax and time. */
export const REGEX_FUNCTIONS: readonly NamedFunction[] = [
  fixed('regexReplaceAll', 3, ([pattern, text, to], limit) => {
    const template = compileTemplate(textOf(to))
    return replaceAll(textOf(pattern), textOf(text), template, limit)
  }),
  fixed('regexReplaceAllLiteral', 3, ([pattern, text, to], limit) => {
    const literal = textOf(to)
    return replaceAll(textOf(pattern), textOf(text), () => literal, limit)
  }),
  ofTexts('regexMatch', 2, (pattern = '', text = '') => regexOf(pattern).test(text)),
  ofTexts('regexFind', 2, (pattern = '', text = '') => regexOf(pattern).match(text)?.groups[0] ?? ''),
  fixed('regexFindAll', 3, ([pattern, text, count]) => {
    const most = countOf(count)
    const found = regexOf(textOf(pattern)).matchAll(textOf(text))
    return (most < 0 ? found : found.slice(0, most)).map(({ groups }) => groups[0] ?? '')
  }),
  fixed('regexSplit', 3, ([pattern, text, count]) => split(textOf(pattern), textOf(text), countOf(count))),
  ofTexts('regexQuoteMeta', 1, (text = '') => text.replaceAll(/[\\.+*?()|[\]{}^$]/g, String.raw`\$&`)),
]

/** What stands between the matches: `count` pieces at most, all when negative. */
function split(pattern: string, text: string, count: number): readonly string[] {
  if (count === 0) return []
  if (text === '' && pattern !== '') return ['']
  const pieces: string[] = []
  let from = 0
  let end = 0
  for (const { index, groups } of regexOf(pattern).matchAll(text)) {
    if (pieces.length === count - 1) break
    end = index
    const to = index + (groups[0] ?? '').length
    if (to !== 0) pieces.push(text.slice(from, end))
    from = to
  }
  return end === text.length ? pieces : [...pieces, text.slice(from)]
}

function regexOf(pattern: string): Regex {
  const known = patterns.get(pattern)
  if (known !== undefined) return known
  if (patterns.size >= MAX_PATTERNS) patterns.clear()
  try {
    const regex = compileRegex(pattern)
    patterns.set(pattern, regex)
    return regex
  } catch (error) {
    if (error instanceof RegexError) throw new TemplateError(error.message)
    throw error
  }
}

function replaceAll(pattern: string, text: string, replacement: ReturnType<typeof compileTemplate>, limit: number): string {
  let out = ''
  let end = 0
  for (const match of regexOf(pattern).matchAll(text)) {
    out += text.slice(end, match.index) + replacement(match)
    if (out.length > limit) throw new TemplateError(`longer than ${limit} characters`)
    end = match.index + (match.groups[0] ?? '').length
  }
  return out + text.slice(end)
}
