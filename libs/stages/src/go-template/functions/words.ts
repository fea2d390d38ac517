import { TemplateError } from '../value.ts'
import { countOf, fixed, type NamedFunction, ofTexts, textOf } from './arguments.ts'
import { upperCase, lowerCase } from './case.ts'

/** Functions of sprig that set words anew. */
export const WORD_FUNCTIONS: readonly NamedFunction[] = [
  fixed('wrap', 2, ([width, text], limit) => wrap(textOf(text), { width: countOf(width), feed: '\n', cutsWords: false, limit })),
  fixed('wrapWith', 3, ([width, feed, text], limit) =>
    wrap(textOf(text), { width: countOf(width), feed: textOf(feed) || '\n', cutsWords: true, limit }),
  ),
  fixed('abbrevboth', 3, ([left, right, text]) => abbreviateBoth(textOf(text), countOf(left), countOf(right))),
  ofTexts('camelcase', 1, (text = '') => camelCase(text)),
]

type Wrapping = { readonly width: number; readonly feed: string; readonly cutsWords: boolean; readonly limit: number }

/** Lines of at most `width` characters, at spaces where there are some; a word that is longer is cut, or stays whole. */
function wrap(text: string, { width, feed, cutsWords, limit }: Wrapping): string {
  const characters = Array.from(text)
  const longest = Math.max(1, width)
  let out = ''
  let at = 0
  while (characters.length - at > longest) {
    if (characters[at] === ' ') {
      at++
      continue
    }
    const space = characters.slice(at, at + longest + 1).lastIndexOf(' ')
    const next = space !== -1 ? at + space : cutsWords ? at + longest : characters.indexOf(' ', at + longest)
    if (next === -1) break
    const length = next - at
    out += characters.slice(at, at + length).join('') + feed
    if (out.length > limit) throw new TemplateError(`longer than ${limit} characters`)
    at += space === -1 && cutsWords ? length : length + 1
  }
  return out + characters.slice(at).join('')
}

/** `...` for what stands left of the place `from` and for what is more than `width` characters behind it. */
function abbreviateBoth(text: string, from: number, width: number): string {
  const characters = Array.from(text)
  if (width < 4 || (from > 0 && width < 7) || characters.length <= width) return text
  const rest = width - 3
  const start = Math.min(from, characters.length - rest)
  if (start <= 4) return `${characters.slice(0, rest).join('')}...`
  const end =
    start + rest < characters.length ? `${characters.slice(start, start + rest - 3).join('')}...` : characters.slice(-rest).join('')
  return `...${end}`
}

/** `first_name` is FirstName, `HTTP server` HttpServer. Of several signs between two words the last goes, at the ends all stay. */
function camelCase(text: string): string {
  const pieces = text.split(/([-_\s]+)/)
  const isInside = (index: number): boolean => index > 0 && pieces[index - 1] !== '' && (pieces[index + 1] ?? '') !== ''
  return pieces.map((piece, index) => (index % 2 === 0 ? capitalized(piece) : isInside(index) ? piece.slice(0, -1) : piece)).join('')
}

/** The first letter in upper case, and of those in upper case that follow a first one that was, all in lower case. */
function capitalized(word: string): string {
  const capitals = /^\p{Lu}+/u.exec(word)?.[0]
  const first = String.fromCodePoint(...Array.from(word.slice(0, 2), (one) => one.codePointAt(0) ?? 0).slice(0, 1))
  if (capitals === undefined) return upperCase(first) + word.slice(first.length)
  return first + lowerCase(capitals.slice(first.length)) + word.slice(capitals.length)
}
