import { createHash } from 'node:crypto'

import { countOf, fixed, type NamedFunction, ofTexts, textOf } from './arguments.ts'
import { lowerCase, upperCase } from './case.ts'
import { replaceText } from './text.ts'

const hash = (algorithm: string, text: string): string => createHash(algorithm).update(text).digest('hex')

/** What Promtail adds: Go's functions of package strings under their own names, and two hashes with a salt. */
export const TRIM_FUNCTIONS: readonly NamedFunction[] = [
  ofTexts('ToLower', 1, (text = '') => lowerCase(text)),
  ofTexts('ToUpper', 1, (text = '') => upperCase(text)),
  fixed('Replace', 4, ([text, from, to, count], limit) => replaceText(textOf(text), textOf(from), textOf(to), countOf(count), limit)),
  ofTexts('Trim', 2, (text = '', set = '') => trimRight(trimLeft(text, set), set)),
  ofTexts('TrimLeft', 2, (text = '', set = '') => trimLeft(text, set)),
  ofTexts('TrimRight', 2, (text = '', set = '') => trimRight(text, set)),
  ofTexts('TrimPrefix', 2, (text = '', prefix = '') => cutPrefix(text, prefix)),
  ofTexts('TrimSuffix', 2, (text = '', suffix = '') => cutSuffix(text, suffix)),
  ofTexts('TrimSpace', 1, (text = '') => trimSpace(text)),
  ofTexts('Hash', 2, (salt = '', text = '') => hash('sha3-256', salt + text)),
  ofTexts('Sha2Hash', 2, (salt = '', text = '') => hash('sha256', salt + text)),
  // The same by sprig's names, whose text comes last so that it can be piped.
  ofTexts('trim', 1, (text = '') => trimSpace(text)),
  ofTexts('trimAll', 2, (set = '', text = '') => trimRight(trimLeft(text, set), set)),
  ofTexts('trimall', 2, (set = '', text = '') => trimRight(trimLeft(text, set), set)),
  ofTexts('trimPrefix', 2, (prefix = '', text = '') => cutPrefix(text, prefix)),
  ofTexts('trimSuffix', 2, (suffix = '', text = '') => cutSuffix(text, suffix)),
]

const cutPrefix = (text: string, prefix: string): string => (text.startsWith(prefix) ? text.slice(prefix.length) : text)
const cutSuffix = (text: string, suffix: string): string => (suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text)

function trimLeft(text: string, set: string): string {
  const characters = new Set(set)
  let start = 0
  for (const character of text) {
    if (!characters.has(character)) break
    start += character.length
  }
  return text.slice(start)
}

function trimRight(text: string, set: string): string {
  const characters = new Set(set)
  let end = text.length
  while (end > 0) {
    const code = text.codePointAt(end - 2) ?? 0
    const width = end > 1 && code > 0xff_ff ? 2 : 1
    if (!characters.has(text.slice(end - width, end))) break
    end -= width
  }
  return text.slice(0, end)
}

/** White space as Go has it: that of JavaScript without U+FEFF, and with U+0085. */
function trimSpace(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isSpace(text.charCodeAt(start))) start++
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

const isSpace = (code: number): boolean =>
  (code >= 9 && code <= 13) || code === 0x20 || code === 0x85 || (code >= 0xa0 && code !== 0xfe_ff && /\s/.test(String.fromCharCode(code)))
