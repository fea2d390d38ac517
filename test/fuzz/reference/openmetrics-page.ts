import { createCursor, type Cursor } from './cursor.ts'
import { bitsOf, type ReadPage, type ReadSample, Refused } from './read-page.ts'
import { exemplarLabels, milliseconds, number, seriesLabels, unescape, utf8 } from './texts.ts'

const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y
const LABEL_NAME = /[a-zA-Z_][a-zA-Z0-9_]*/y
const QUOTED_NAME = /"(?:[^"\\\0]|\\[^\n\0])*"/y
const QUOTED_EXEMPLAR_NAME = /"(?:[^"\\\n\0]|\\[^\n\0])*"/y
const QUOTED_VALUE = /"(?:[^"\\\n]|\\\0*[^\n\0])*"/y
const METADATA = /# (?:HELP|TYPE|UNIT) /y
const WORD = / [^ \n]+/y
const TYPES: readonly string[] = ['counter', 'gauge', 'histogram', 'gaugehistogram', 'summary', 'info', 'stateset', 'unknown']

/** The OpenMetrics text format, plainly: what the fast reader is compared with. @throws Refused */
export function readOpenMetricsPage(body: Buffer): Exclude<ReadPage, { refused: string }> {
  const page = createCursor(body.toString('latin1'))
  const samples: ReadSample[] = []
  const metadata: [string, string, string][] = []
  let type = ''
  while (page.take(/# EOF\n?/y) === undefined) {
    if (page.ended()) throw new Refused('expected # EOF')
    const word = page.take(METADATA)
    if (word === undefined) samples.push(readSample(page, type))
    else {
      const line = readMetadata(page, word.slice(2, -1).toLowerCase())
      if (line[0] === 'type') type = line[2]
      metadata.push(line)
    }
  }
  if (!page.ended()) throw new Refused('expected nothing after # EOF')
  return { samples, metadata }
}

function readMetadata(page: Cursor, kind: string): [string, string, string] {
  const name = page.take(QUOTED_NAME)?.slice(1, -1) ?? page.expect(NAME, 'a name')
  const text = page.expect(/ [^\n]*\n/y, 'a text').slice(1, -1)
  if (kind === 'type' && !TYPES.includes(text)) throw new Refused(`type ${text}`)
  if (kind === 'unit' && text !== '' && !name.endsWith(`_${text}`)) throw new Refused(`unit ${text} of ${name}`)
  const family = Buffer.from(name, 'latin1').toString('utf8')
  return [kind, family, kind === 'help' ? unescape(utf8(text, 'help')) : Buffer.from(text, 'latin1').toString('utf8')]
}

function readSample(page: Cursor, type: string): ReadSample {
  const bare = page.take(NAME)
  const inside = page.take(/\{/y) === undefined ? NOTHING : readLabels(page, QUOTED_NAME, true)
  const [name, ...others] = bare === undefined ? inside.names : [bare, ...inside.names]
  if (name === undefined || others.length > 0) throw new Refused('expected one name')
  const value = number(page.expect(WORD, 'a value').slice(1))
  const time = page.startsWith(' # {') ? undefined : page.take(WORD)?.slice(1)
  const ts = time === undefined ? {} : { ts: milliseconds(time) }
  const exemplar = page.take(/ # \{/y) === undefined ? {} : { exemplar: readExemplar(page) }
  page.expect(/\n/y, 'the end of the line')
  return { labels: seriesLabels([['__name__', name], ...inside.pairs], type), bits: bitsOf(value), ...ts, ...exemplar }
}

function readExemplar(page: Cursor): Required<ReadSample>['exemplar'] {
  const { pairs } = readLabels(page, QUOTED_EXEMPLAR_NAME, false)
  for (const [, value] of pairs) utf8(value, 'a label value')
  const value = number(page.expect(WORD, 'a value').slice(1))
  const time = page.take(WORD)?.slice(1)
  return {
    labels: exemplarLabels(pairs) ?? 'unusable',
    bits: bitsOf(value),
    ...(time === undefined ? {} : { ts: milliseconds(time) }),
  }
}

/** What stands between braces. */
type Inside = { readonly names: readonly string[]; readonly pairs: readonly (readonly [string, string])[] }
const NOTHING: Inside = { names: [], pairs: [] }

/** After the opening brace. A comma stands between labels, no blanks. */
function readLabels(page: Cursor, quotedName: RegExp, withName: boolean): Inside {
  const names: string[] = []
  const pairs: [string, string][] = []
  while (page.take(/\}/y) === undefined) {
    const quoted = page.take(quotedName)?.slice(1, -1)
    const name = quoted ?? page.expect(LABEL_NAME, 'a label name')
    if (withName && quoted !== undefined && (page.startsWith(',') || page.startsWith('}'))) {
      names.push(quoted)
      page.take(/,/y)
      continue
    }
    page.expect(/=/y, 'an equals sign')
    pairs.push([name, page.expect(QUOTED_VALUE, 'a label value').slice(1, -1)])
    if (page.take(/,/y) === undefined && !page.startsWith('}')) throw new Refused('expected a comma or a brace')
  }
  return { names, pairs }
}
