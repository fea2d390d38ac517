import { createCursor, type Cursor } from './cursor.ts'
import { bitsOf, type ReadPage, type ReadSample, Refused } from './read-page.ts'
import { clamped, number, seriesLabels, unescapeHelp, utf8 } from './texts.ts'

const BLANKS = /[ \t]*/y
const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y
const LABEL_NAME = /[a-zA-Z_][a-zA-Z0-9_]*/y
const QUOTED_NAME = /"(?:[^"\\\0]|\\[^\n\0])*"/y
const QUOTED_VALUE = /"(?:[^"\\]|\\\0*[^\n\0])*"/y
const METADATA = /#[ \t]+(?:HELP|TYPE)[ \t]+/y
const COMMENT = /#[^\n]*(?:\n|$)/y
const TEXT = /[^\n]*/y
const LINE_END = /[ \t]*(?:\n|$)/y
const VALUE = /[^{ \t\n]+/y
const DIGITS = /[0-9]+/y
const TYPES: readonly string[] = ['counter', 'gauge', 'histogram', 'summary', 'untyped']

/** The Prometheus text format, plainly: what the fast reader is compared with. @throws Refused */
export function readTextPage(body: Buffer): Exclude<ReadPage, { refused: string }> {
  const page = createCursor(body.toString('latin1'))
  const samples: ReadSample[] = []
  const metadata: [string, string, string][] = []
  let type = ''
  while (!page.ended()) {
    page.take(BLANKS)
    if (page.ended() || page.startsWith('\0')) break
    if (page.take(/\n/y) !== undefined) continue
    const word = page.take(METADATA)
    if (word !== undefined) {
      const line = readMetadata(page, word.includes('HELP') ? 'help' : 'type')
      if (line[0] === 'type') type = line[2]
      metadata.push(line)
    } else if (page.take(COMMENT) === undefined) samples.push(readSample(page, type))
  }
  return { samples, metadata }
}

function readMetadata(page: Cursor, kind: 'help' | 'type'): [string, string, string] {
  const name = page.take(QUOTED_NAME)?.slice(1, -1) ?? page.expect(NAME, 'a name')
  if (page.startsWith('\0')) throw new Refused('NUL after a name')
  const rest = page.take(TEXT) ?? ''
  page.take(/\n/y)
  const text = /^[ \t]*$/.test(rest) ? '' : rest.slice(1)
  if (kind === 'type' && !TYPES.includes(text)) throw new Refused(`type ${text}`)
  const family = Buffer.from(name, 'latin1').toString('utf8')
  return [kind, family, kind === 'type' ? text : unescapeHelp(utf8(text, 'help'))]
}

function readSample(page: Cursor, type: string): ReadSample {
  const bare = page.take(NAME)
  page.take(BLANKS)
  const inside = page.take(/\{/y) === undefined ? NOTHING : readLabels(page)
  const [name, ...others] = bare === undefined ? inside.names : [bare, ...inside.names]
  if (name === undefined || others.length > 0) throw new Refused('expected one name')
  page.take(BLANKS)
  const value = number(page.expect(VALUE, 'a value'))
  page.take(BLANKS)
  const digits = page.take(DIGITS)
  if (digits !== undefined && BigInt(digits) >= 2n ** 63n) throw new Refused('a time over 64 bits')
  page.expect(LINE_END, 'the end of the line')
  const labels = seriesLabels([['__name__', name], ...inside.pairs], type)
  return { labels, bits: bitsOf(value), ...(digits === undefined ? {} : { ts: clamped(Number(digits)) }) }
}

/** What stands between braces. */
type Inside = { readonly names: readonly string[]; readonly pairs: readonly (readonly [string, string])[] }
const NOTHING: Inside = { names: [], pairs: [] }

/** After the opening brace. Blanks may stand anywhere, commas need not. */
function readLabels(page: Cursor): Inside {
  const names: string[] = []
  const pairs: [string, string][] = []
  for (;;) {
    page.take(BLANKS)
    if (page.take(/\}/y) !== undefined) return { names, pairs }
    const quoted = page.take(QUOTED_NAME)?.slice(1, -1)
    const name = quoted ?? page.expect(LABEL_NAME, 'a label name')
    page.take(BLANKS)
    if (quoted !== undefined && (page.startsWith(',') || page.startsWith('}'))) {
      names.push(quoted)
      page.take(/,/y)
      continue
    }
    page.expect(/=[ \t]*/y, 'an equals sign')
    pairs.push([name, page.expect(QUOTED_VALUE, 'a label value').slice(1, -1)])
    page.take(/[ \t]*,?/y)
  }
}
