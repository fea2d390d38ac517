import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { type ExpositionError, type ExpositionFormat, parseExposition, parseSeries } from './index.ts'

type Read = { readonly labels: Record<string, string>; readonly value: number; readonly at?: number }

/** Samples with their labels, the type of the last TYPE line applied, as a scrape reads them. */
function read(page: string | Buffer, format: ExpositionFormat): Read[] {
  const body = Buffer.from(page)
  const samples: Read[] = []
  let type = ''
  parseExposition(body, format, {
    sample: (start, end, value, at) => {
      const labels = Object.fromEntries(parseSeries(body, start, end, type))
      samples.push(at === undefined ? { labels, value } : { labels, value, at })
    },
    metadata: (kind, _nameStart, _nameEnd, textStart, textEnd) => {
      if (kind === 'type') type = body.toString('latin1', textStart, textEnd)
    },
  })
  return samples
}

const one = (labels: Record<string, string>, value = 1, at?: number): Read[] => [
  at === undefined ? { labels, value } : { labels, value, at },
]
const a = { __name__: 'a' }

describe('both formats take', () => {
  const cases: [string, string, Read[]][] = [
    ['a name', 'a 1\n', one(a)],
    ['a colon in a name', 'job:a 1\n', one({ __name__: 'job:a' })],
    ['empty braces', 'a{} 1\n', one(a)],
    ['labels', 'a{b="c",d="e"} 1\n', one({ ...a, b: 'c', d: 'e' })],
    ['a comma after the last label', 'a{b="c",} 1\n', one({ ...a, b: 'c' })],
    ['an empty label', 'a{b=""} 1\n', one({ ...a, b: '' })],
    ['escapes', 'a{b="\\\\ \\" \\n \\x"} 1\n', one({ ...a, b: '\\ " \n \\x' })],
    ['an escaped backslash before the closing quote', 'a{b="\\\\"} 1\n', one({ ...a, b: '\\' })],
    ['braces and commas in a value', 'a{b="},{"} 1\n', one({ ...a, b: '},{' })],
    ['UTF-8', 'a{b="é€"} 1\n', one({ ...a, b: 'é€' })],
    ['NUL in a value', 'a{b="x\0y"} 1\n', one({ ...a, b: 'x\0y' })],
    ['a quoted name', '{"a.b"} 1\n', one({ __name__: 'a.b' })],
    ['a quoted name after a label', '{b="c","a.b"} 1\n', one({ __name__: 'a.b', b: 'c' })],
    ['a quoted label name', 'a{"b.c"="d"} 1\n', one({ ...a, 'b.c': 'd' })],
    [
      'a label called __proto__',
      'a{__proto__="x"} 1\n',
      [{ labels: Object.fromEntries([...Object.entries(a), ['__proto__', 'x']]), value: 1 }],
    ],
    ['an exponent', 'a 1.5e-3\n', one(a, 0.0015)],
    ['more digits than a double has', 'a 0.12345678901234567890\n', one(a, Number('0.1234567890123456789'))],
    ['the smallest double', 'a 4.9e-324\n', one(a, 5e-324)],
    ['what is smaller as zero', 'a 1e-400\n', one(a, 0)],
    ['minus zero', 'a -0\n', one(a, -0)],
    ['+Inf', 'a +Inf\n', one(a, Infinity)],
    ['-infinity in any case', 'a -iNfInItY\n', one(a, -Infinity)],
    ['nan in any case', 'a nAn\n', one(a, Number.NaN)],
    ['le written the one way', '# TYPE a histogram\na{le="1"} 1\n', one({ ...a, le: '1.0' })],
    ['quantile written the one way', '# TYPE a summary\na{quantile="1000000"} 1\n', one({ ...a, quantile: '1e+06' })],
    ['le of no histogram as it is', '# TYPE a gauge\na{le="1"} 1\n', one({ ...a, le: '1' })],
  ]
  test.each(cases)('%s', (_, page, samples) => {
    expect(read(page, 'text')).toEqual(samples)
    expect(read(`${page}# EOF\n`, 'openmetrics')).toEqual(samples)
  })
})

describe('text takes', () => {
  const cases: [string, string | Buffer, Read[]][] = [
    ['nothing', '', []],
    ['empty lines and comments', '\n \t\n#\n# \n#x\n# any text\n# EOF\n#HELP a b\n# HELP\na 1\n', one(a)],
    ['no line break at the end', 'a 1', one(a)],
    ['blanks and tabs', '\ta \t{ b = "c" , d = "e" }\t1\t \n', one({ ...a, b: 'c', d: 'e' })],
    ['a value right after the brace', 'a{b="c"}1\n', one({ ...a, b: 'c' })],
    ['labels without a comma', 'a{b="c" d="e"} 1\n', one({ ...a, b: 'c', d: 'e' })],
    ['a raw line break in a value', 'a{b="c\nd"} 1\n', one({ ...a, b: 'c\nd' })],
    ['a timestamp', 'a 1 1700000000123\n', one(a, 1, 1_700_000_000_123)],
    ['every type', '# TYPE a counter\n# TYPE a gauge\n# TYPE a histogram\n# TYPE a summary\n# TYPE a untyped\n', []],
    ['help with nothing', '# HELP a\n# HELP a  \n', []],
    ['a quoted name in HELP', '# HELP "a b" text\n', []],
    ['NUL bytes after the last line', 'a 1\n\0\0\0', one(a)],
  ]
  test.each(cases)('%s', (_, page, samples) => expect(read(page, 'text')).toEqual(samples))
})

describe('OpenMetrics takes', () => {
  const cases: [string, string, Read[]][] = [
    ['nothing but EOF', '# EOF', []],
    ['seconds', 'a 1 1700000000.123\n# EOF\n', one(a, 1, 1_700_000_000_123)],
    ['negative seconds, cut', 'a 1 -1.0009\n# EOF\n', one(a, 1, -1000)],
    ['an exemplar', 'a 1 # {b="c"} 2 1.5\n# EOF\n', one(a)],
    ['an exemplar without labels or time, after a timestamp', 'a 1 2 # {} 3\n# EOF\n', one(a, 1, 2000)],
    ['metadata', '# TYPE a_seconds info\n# UNIT a_seconds seconds\n# HELP a_seconds \n# UNIT b \n# EOF\n', []],
  ]
  test.each(cases)('%s', (_, page, samples) => expect(read(page, 'openmetrics')).toEqual(samples))
})

/** Where a page is refused, as "line:column". */
function refusal(page: string | Buffer, format: ExpositionFormat): string {
  try {
    const samples = read(page, format)
    return `taken: ${JSON.stringify(samples)}`
  } catch (error) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- anything else fails the comparison
    const { line, column, message } = error as ExpositionError
    return `${line}:${column} ${message.replace(/^line \d+, column \d+: /, '').replace(/, found .*$/, '')}`
  }
}

describe('both formats refuse', () => {
  const cases: [string, string | Buffer, string][] = [
    ['no value', 'a\n', '1:2 expected a'],
    ['a value that is no number', 'a true\n', '1:3 expected a number as value'],
    ['underscores', 'a 1_0\n', '1:3 expected a number as value'],
    ['hexadecimal', 'a 0x1p3\n', '1:3 expected a number as value'],
    ['too large a number', 'a 1e400\n', '1:3 expected a number as value'],
    ['a signed nan', 'a +nan\n', '1:3 expected a number as value'],
    ['a carriage return', 'a 1\r\n', '1:3 expected a number as value'],
    ['a name that starts with a digit', 'b 1\n9a 1\n', '2:1 expected a metric name or "{"'],
    ['single quotes', "a{b='c'} 1\n", '1:5 expected a label value in double quotes'],
    ['a comma first', 'a{,b="c"} 1\n', '1:3 expected a label name or "}"'],
    ['two commas', 'a{b="c",,d="e"} 1\n', '1:9 expected a label name or "}"'],
    ['no label name', 'a{="c"} 1\n', '1:3 expected a label name or "}"'],
    ['no equals sign', 'a{b} 1\n', '1:4 expected "=" after the label name'],
    ['an open quote', 'a{b="c} 1\n', ''],
    ['an escaped line break', 'a{b="\\\n"} 1\n', '1:7 expected a character after the backslash'],
    ['labels that never close', 'a{b="c"', ''],
    ['a value that is not UTF-8', Buffer.from('a{b="\xff"} 1\n', 'latin1'), '1:5 the label value is not UTF-8'],
    ['two names', 'a{"b"} 1\n', '1:3 the metric has a name already'],
    ['no name', '{b="c"} 1\n', '1:2 the series has no metric name'],
    ['an empty name', '{""} 1\n', '1:3 expected a name that is not empty'],
    ['a quoted name that is not UTF-8', Buffer.from('{"\xff"} 1\n', 'latin1'), '1:3 the name is not UTF-8'],
    ['a label twice', 'a{b="c",b="d"} 1\n', '1:9 label "b" stands twice'],
    ['a label called __name__', 'a{__name__="b"} 1\n', '1:3 label "__name__" stands twice'],
    ['NUL in a name', 'a\0 1\n', '1:2 expected a'],
    ['an unknown type', '# TYPE a bar\n', '1:10 expected one of'],
    ['a type with a blank after it', '# TYPE a counter \n', '1:10 expected one of'],
    ['help that is not UTF-8', Buffer.from('# HELP a \xff\n', 'latin1'), '1:10 the help text is not UTF-8'],
    ['HELP without a name', '# HELP 1 x\n', '1:8 expected a metric name'],
  ]
  test.each(cases)('%s', (_, page, where) => {
    const withEof = Buffer.concat([Buffer.from(page), Buffer.from('# EOF\n')])
    expect(refusal(page, 'text')).toMatch(/^\d/)
    expect(refusal(page, 'text').startsWith(where) || refusal(page, 'text')).toBe(true)
    expect(refusal(withEof, 'openmetrics').startsWith(where) || refusal(withEof, 'openmetrics')).toBe(true)
  })
})

describe('text refuses', () => {
  const cases: [string, string, string][] = [
    ['a negative timestamp', 'a 1 -1\n', '1:5 expected milliseconds or the end of the line after the value'],
    ['a fractional timestamp', 'a 1 1.5\n', '1:6 expected the end of the line after the timestamp'],
    ['a timestamp over 64 bits', 'a 1 9223372036854775808\n', '1:5 the timestamp is over 64 bits'],
    ['an exemplar', 'a 1 # {} 1\n', '1:5 expected milliseconds or the end of the line after the value'],
    ['a type of OpenMetrics', '# TYPE a info\n', '1:10 expected one of counter, gauge, histogram, summary, untyped'],
  ]
  test.each(cases)('%s', (_, page, where) => expect(refusal(page, 'text')).toBe(where))
})

describe('OpenMetrics refuses', () => {
  const cases: [string, string, string][] = [
    ['no EOF', 'a 1\n', '2:1 expected "# EOF" as the last line'],
    ['anything after EOF', '# EOF\n\n', '2:1 expected nothing after "# EOF"'],
    ['an empty line', 'a 1\n\n# EOF\n', '2:1 expected a metric name or "{"'],
    ['a comment', '# x\n# EOF\n', '1:1 expected "# HELP ", "# TYPE ", "# UNIT " or "# EOF"'],
    ['a blank before the name', ' a 1\n# EOF\n', '1:1 expected a metric name or "{"'],
    ['two blanks', 'a  1\n# EOF\n', '1:3 expected a value'],
    ['a tab', 'a\t1\n# EOF\n', '1:2 expected a blank and a value'],
    ['a blank at the end', 'a 1 \n# EOF\n', '1:5 expected a timestamp'],
    ['a blank between labels', 'a{b="c", d="e"} 1\n# EOF\n', '1:9 expected a label name or "}"'],
    ['no comma', 'a{b="c"d="e"} 1\n# EOF\n', '1:8 expected "," or "}" after the label value'],
    ['a raw line break in a value', 'a{b="c\nd"} 1\n# EOF\n', '1:7 expected a closing quote'],
    ['a timestamp that is not finite', 'a 1 NaN\n# EOF\n', '1:5 expected a finite timestamp'],
    ['three numbers', 'a 1 2 3\n# EOF\n', '1:6 expected the end of the line'],
    [
      'a type of the text format',
      '# TYPE a untyped\n# EOF\n',
      '1:10 expected one of counter, gauge, histogram, gaugehistogram, summary, info, stateset, unknown',
    ],
    ['a unit that does not end the name', '# UNIT a seconds\n# EOF\n', '1:10 expected a unit that ends the name "a"'],
    ['an exemplar without a value', 'a 1 # {b="c"}\n# EOF\n', '1:14 expected a blank and a value of the exemplar'],
    ['a quoted word in an exemplar', 'a 1 # {"b"} 1\n# EOF\n', '1:11 expected "=" after the label name'],
    ['an exemplar with a bad value', 'a 1 # {} x\n# EOF\n', '1:10 expected a number as value of the exemplar'],
    ['an exemplar with a bad time', 'a 1 # {} 1 Inf\n# EOF\n', '1:12 expected a finite timestamp'],
    ['a sample cut off', 'a 1', '1:4 expected the end of the line'],
  ]
  test.each(cases)('%s', (_, page, where) => expect(refusal(page, 'openmetrics')).toBe(where))
})

type Series = {
  readonly name: string
  readonly labels: readonly [string, string][]
  readonly value: number
  readonly at: number | undefined
}

const escape = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
const number = (value: number): string => (Object.is(value, -0) ? '-0' : String(value).replace('Infinity', 'Inf'))
const seconds = (ms: number): string => `${Math.trunc(ms / 1000)}.${String(ms % 1000).padStart(3, '0')}`

function print(page: readonly Series[], format: ExpositionFormat): string {
  const lines = page.map(({ name, labels, value, at }) => {
    const inner = labels.map(([key, text]) => `${key}="${escape(text)}"`).join(',')
    const time = at === undefined ? '' : ` ${format === 'text' ? at : seconds(at)}`
    return `${name}{${inner}} ${number(value)}${time}\n`
  })
  return lines.join('') + (format === 'openmetrics' ? '# EOF\n' : '')
}

describe('for any page', () => {
  const label = fc.tuple(fc.stringMatching(/^[a-z_][a-z0-9_]{0,6}$/), fc.string({ unit: 'grapheme-composite', maxLength: 12 }))
  const series = fc.record({
    name: fc.stringMatching(/^[a-z_:][a-z0-9_:]{0,8}$/),
    labels: fc.uniqueArray(label, { selector: ([name]) => name, maxLength: 4 }),
    value: fc.double(),
    at: fc.option(fc.integer({ min: 0, max: 4e12 }), { nil: undefined }),
  })
  test.each(['text', 'openmetrics'] as const)('%s: what is printed is read again', (format) => {
    fc.assert(
      fc.property(fc.array(series, { maxLength: 5 }), (page) => {
        const expected = page.map(({ name, labels, value, at }) => {
          const kept = Object.fromEntries([['__name__', name], ...labels])
          if (at === undefined) return { labels: kept, value }
          // Seconds times 1000 may fall just below the millisecond: OpenMetrics times are cut, as Prometheus does.
          return { labels: kept, value, at: format === 'text' ? at : Math.trunc(Number(seconds(at)) * 1000) }
        })
        expect(read(print(page, format), format)).toEqual(expected)
      }),
      { numRuns: 300 },
    )
  })

  test.each(['text', 'openmetrics'] as const)('%s: a changed or cut page is read or refused with a position, never a crash', (format) => {
    const whole = '# HELP a b\n# TYPE a histogram\na{le="1",b="\\n\\"é"} 1.5e3 17\n{"x.y",c="d"} -Inf\n# EOF\n'
    fc.assert(
      fc.property(fc.nat(whole.length), fc.nat(255), fc.boolean(), (at, byte, cut) => {
        const page = Buffer.from(whole)
        page[at] = byte
        expect(refusal(cut ? page.subarray(0, at) : page, format)).toMatch(/^(?:\d+:\d+ |taken)/)
      }),
      { numRuns: 1000 },
    )
  })

  test('a series known from before is not scanned again and gives the same samples', () => {
    const known = ['a', 'a{b="c"}', '{"x y"}']
    const page = Buffer.from('a{b="c"} 1\na 2 5\nab 3\na {b="d"} 4\na{b="e"} 5\n{"x y"} 6\n')
    const collect = (knownSeriesEnd: (at: number) => number): unknown[] => {
      const samples: unknown[] = []
      parseExposition(page, 'text', { sample: (...sample) => samples.push(sample), knownSeriesEnd })
      return samples
    }
    const shortest = (at: number): number => {
      const found = known.find((text) => page.toString('latin1', at, at + text.length) === text)
      return found === undefined ? -1 : at + found.length
    }
    expect(collect(shortest)).toEqual(collect(() => -1))
    expect(collect(shortest)).toHaveLength(6)
  })
})
