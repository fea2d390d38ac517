import { isTrue, TemplateError } from '../value.ts'
import { anyText, atLeast, countOf, fixed, type NamedFunction, ofTexts, repeated, textOf } from './arguments.ts'
import { lowerCase, upperCase } from './case.ts'
import { quoted } from './printf.ts'

/** Functions of sprig that make texts of texts. */
export const TEXT_FUNCTIONS: readonly NamedFunction[] = [
  ofTexts('upper', 1, (text = '') => upperCase(text)),
  ofTexts('lower', 1, (text = '') => lowerCase(text)),
  ofTexts('title', 1, (text = '') => text.replaceAll(WORD_START, (found) => upperCase(found))),
  ofTexts('untitle', 1, (text = '') => text.replaceAll(WORD_START, (found) => lowerCase(found))),
  ofTexts('nospace', 1, (text = '') => text.replaceAll(/\s/g, '')),
  ofTexts('swapcase', 1, (text = '') =>
    text.replaceAll(/\p{L}/gu, (found) => (found === upperCase(found) ? lowerCase(found) : upperCase(found))),
  ),
  ofTexts('snakecase', 1, (text = '') => lowerCase(words(text).join('_'))),
  ofTexts('kebabcase', 1, (text = '') => lowerCase(words(text).join('-'))),
  ofTexts('initials', 1, (text = '') =>
    text
      .split(/\s+/)
      .map((word) => Array.from(word)[0] ?? '')
      .join(''),
  ),
  ofTexts('contains', 2, (part = '', text = '') => text.includes(part)),
  ofTexts('hasPrefix', 2, (prefix = '', text = '') => text.startsWith(prefix)),
  ofTexts('hasSuffix', 2, (suffix = '', text = '') => text.endsWith(suffix)),
  fixed('repeat', 2, ([count, text], limit) => repeated(textOf(text), countOf(count), limit)),
  fixed('replace', 3, ([from, to, text], limit) => replaceText(textOf(text), textOf(from), textOf(to), -1, limit)),
  fixed('substr', 3, ([start, end, text]) => substring(textOf(text), countOf(start), countOf(end))),
  fixed('trunc', 2, ([count, text]) => truncate(countOf(count), textOf(text))),
  fixed('abbrev', 2, ([width, text]) => abbreviate(countOf(width), textOf(text))),
  fixed('indent', 2, ([count, text], limit) => indent(countOf(count), textOf(text), limit)),
  fixed('nindent', 2, ([count, text], limit) => `\n${indent(countOf(count), textOf(text), limit)}`),
  fixed('plural', 3, ([one, many, count]) => (countOf(count) === 1 ? textOf(one) : textOf(many))),
  [
    'cat',
    (args) =>
      args
        .filter((arg) => arg !== undefined)
        .map(anyText)
        .join(' '),
  ],
  [
    'quote',
    (args) =>
      args
        .filter((arg) => arg !== undefined)
        .map((arg) => quoted(anyText(arg)))
        .join(' '),
  ],
  [
    'squote',
    (args) =>
      args
        .filter((arg) => arg !== undefined)
        .map((arg) => `'${anyText(arg)}'`)
        .join(' '),
  ],
  fixed('toString', 1, ([value]) => anyText(value)),
  atLeast('default', 1, ([fallback, value]) => (isTrue(value) ? value : fallback)),
  fixed('empty', 1, ([value]) => !isTrue(value)),
  ['coalesce', (args) => args.find(isTrue)],
  ['all', (args) => args.every(isTrue)],
  ['any', (args) => args.some(isTrue)],
  fixed('ternary', 3, ([yes, no, condition]) => {
    if (typeof condition !== 'boolean') throw new TemplateError('ternary: the condition is no bool')
    return condition ? yes : no
  }),
  ofTexts('fail', 1, (reason = '') => {
    throw new TemplateError(`fail: ${reason}`)
  }),
]

const WORD_START = /(?<![\p{L}\p{Nd}_'])\p{L}/gu

/** `n` replacements from the left, all when negative, within the limit before anything that long is made. */
export function replaceText(text: string, from: string, to: string, n: number, limit: number): string {
  if (n === 0 || from === to) return text
  const parts = from === '' ? ['', ...Array.from(text), ''] : text.split(from)
  const places = n < 0 ? parts.length - 1 : Math.min(n, parts.length - 1)
  if (text.length + places * (to.length - from.length) > limit) throw new TemplateError(`longer than ${limit} characters`)
  return parts
    .slice(0, places)
    .concat([parts.slice(places).join(from)])
    .join(to)
}

/** Bytes in Go; characters here, so that none is cut in two. */
function substring(text: string, start: number, end: number): string {
  const characters = Array.from(text)
  if (start < 0) return characters.slice(0, Math.max(end, 0)).join('')
  return characters.slice(start, end < 0 || end > characters.length ? undefined : end).join('')
}

function truncate(count: number, text: string): string {
  const characters = Array.from(text)
  if (count >= 0) return characters.slice(0, count).join('')
  return characters.length + count > 0 ? characters.slice(count).join('') : text
}

function abbreviate(width: number, text: string): string {
  const characters = Array.from(text)
  return width < 4 || characters.length <= width ? text : `${characters.slice(0, width - 3).join('')}...`
}

function indent(count: number, text: string, limit: number): string {
  const lines = text.split('\n')
  const space = repeated(' ', count, limit)
  if (text.length + lines.length * space.length > limit) throw new TemplateError(`longer than ${limit} characters`)
  return space + lines.join(`\n${space}`)
}

const words = (text: string): readonly string[] =>
  text
    .replaceAll(/([\p{Ll}\d])(?=\p{Lu})|(\p{Lu})(?=\p{Lu}\p{Ll})/gu, '$1$2_')
    .split(/[\s_\-.]+/)
    .filter((word) => word !== '')
