import { describe, expect, test } from 'vitest'

import { createLabelSet } from '../label-set.ts'
import { entryOf, pipelineOf } from '../run-stages.test-kit.ts'

const lineAfter = (stages: readonly unknown[], line: string): string | undefined => pipelineOf(stages).push(entryOf(line))[0]?.line

const LOG = '11.11.11.11 - frank [25/Jan/2000:14:00:01 -0500] "GET /1986.js HTTP/1.1" 200 932'

describe('replace', () => {
  const cases: readonly [name: string, options: object, line: string, expected: string][] = [
    ['a group', { expression: String.raw`11\.11\.11\.11 - (\S+) .*`, replace: 'dummy' }, LOG, LOG.replace('frank', 'dummy')],
    ['every match', { expression: '(a|b|c)', replace: '-' }, 'abcxa', '---x-'],
    ['nothing for it', { expression: String.raw`11 - (\S+\s)`, replace: '' }, LOG, LOG.replace('frank ', '')],
    ['no replace at all', { expression: '(a)' }, 'bab', 'bb'],
    ['several groups', { expression: String.raw`(\S+) - (\S+)`, replace: '*' }, 'a - b', '* - *'],
    [
      'a template',
      { expression: String.raw`" (\d+)`, replace: '{{ if eq .Value "200" }}ok{{ else }}{{ .Value }}{{ end }}' },
      LOG,
      LOG.replace('" 200', '" ok'),
    ],
    ['of a group in a group the outer one', { expression: '((a)b)', replace: '{{ .Value | ToUpper }}' }, 'xaby', 'xABy'],
    ['a group that took no part stays out', { expression: '(x)?b(c)', replace: '-' }, 'abc', 'ab-'],
    ['other values', { expression: '(b)', replace: '{{ .job }}{{ .Value }}' }, 'abc', 'ajbc'],
    ['no match', { expression: '(z)', replace: '-' }, 'abc', 'abc'],
    ['no group: nothing to replace', { expression: 'b', replace: '-' }, 'abc', 'abc'],
    ['a template that does not work out', { expression: '(b)', replace: '{{ ToUpper 5 }}' }, 'abc', 'abc'],
    ['beyond ASCII', { expression: '(나)', replace: '<{{ .Value }}>' }, '가나다😀나', '가<나>다😀<나>'],
    ['at the beginning and at the end', { expression: '(a)', replace: '' }, 'aba', 'b'],
  ]
  test.each(cases)('%s', (_, options, line, expected) => {
    expect(lineAfter([{ replace: options }], line)).toBe(expected)
  })

  test('a source, and named groups as they read afterwards', () => {
    const stages = [
      { json: { expressions: { msg: '' } } },
      { replace: { expression: '^(?P<user>[a-z]+) (?P<n>[0-9]+)?', source: 'msg', replace: '{{ .Value | ToUpper }}!' } },
    ]
    const [entry] = pipelineOf(stages).push(entryOf('{"msg":"bob "}'))
    expect(Object.fromEntries(entry?.extracted.values() ?? [])).toEqual({ msg: 'BOB! ', user: 'BOB!' })
    expect(entry?.line).toBe('{"msg":"bob "}')
  })

  test('a line does not grow past the limit', () => {
    const pipeline = pipelineOf([{ replace: { expression: '(a)', replace: 'bbbbbbbbbb' } }], { maxLineBytes: 50 })
    expect(['aaaa', 'a'.repeat(40)].map((line) => pipeline.push(entryOf(line))[0]?.line)).toEqual(['b'.repeat(40), 'a'.repeat(40)])
  })
})

describe('template', () => {
  const valueAfter = (options: object, labels: Readonly<Record<string, string>> = {}, maxLineBytes = 1000): unknown =>
    pipelineOf([{ template: { source: 'x', ...options } }], { maxLineBytes })
      .push(entryOf('the line', createLabelSet(Object.entries(labels))))[0]
      ?.extracted.get('x')

  const cases: readonly [name: string, template: string, labels: Readonly<Record<string, string>>, expected: unknown][] = [
    ['the value', '{{ .Value }} appended', { x: 'v' }, 'v appended'],
    ['a value that was not there', 'newval', {}, 'newval'],
    ['other values', '{{ .Value }} in {{ .module }}', { x: 'a', module: 'm' }, 'a in m'],
    ['a value that is missing', '{{ .Value }} in {{ .module }}', { x: 'a' }, 'a in <no value>'],
    ['the line', '{{ .Entry | ToUpper }}', {}, 'THE LINE'],
    ['all values', '{{ range $k, $v := . }}{{ $k }}={{ $v }};{{ end }}', { x: 'a', b: 'c' }, 'Entry=the line;Value=a;b=c;x=a;'],
    ['an empty result takes the value away', '{{ "" }}', { x: 'a' }, undefined],
    ['an empty template', '', { x: 'a' }, undefined],
    ['a function that refuses its argument leaves it', '{{ ToLower .none }}', { x: 'a' }, 'a'],
    ['a wrong expression out of a value', '{{ regexReplaceAll .Value "a" "b" }}', { x: '(' }, '('],
  ]
  test.each(cases)('%s', (_, template, labels, expected) => {
    expect(valueAfter({ template }, labels)).toEqual(expected)
  })

  test('a long row of digits is read in linear time', () => {
    expect(valueAfter({ template: '{{ float64 .Value }} {{ int .Value }}' }, { x: `${'1'.repeat(200_000)}x` })).toBe('0 0')
  })

  test.each([
    ['{{ camelcase .Value | len }}', ' '],
    ['{{ camelcase .Value | len }}', 'A'],
    ['{{ wrap 5000 .Value | len }}', 'a b '],
    ['{{ wrap 5000 .Value | len }}', 'ab'],
    ['{{ base .Value | len }}', '/'],
    ['{{ clean .Value | len }}', '../'],
    ['{{ ext .Value | len }}', '.'],
    ['{{ dig "path" "" (urlParse .Value) | len }}', '/:'],
    ['{{ b32dec .Value | len }}', '='],
    ['{{ int .Value }}', '1.'],
    ['{{ regexSplit "a*b" .Value 2 | len }}', 'a'],
    ['{{ ToUpper .Value | len }}', 'ß'],
    ['{{ js .Value | len }}', 'é'],
  ])('%s of a long row of %j takes little time', (template, piece) => {
    const before = process.cpuUsage()
    valueAfter({ template }, { x: piece.repeat(100_000) })
    const { user, system } = process.cpuUsage(before)
    // Microseconds; what is quadratic takes ten seconds.
    expect(user + system).toBeLessThan(2_000_000)
  })

  test.each([
    ['text', '{{ repeat 1000000000 .Value }}'],
    ['replacements', '{{ Replace .Value "" .Value -1 }}'],
    ['matches', '{{ regexReplaceAll "" .Value .Value }}'],
    ['a width', '{{ printf "%1000000000d" 1 }}'],
    ['a width that is an argument', '{{ printf "%*d" 1000000000 1 }}'],
    ['indentation', '{{ indent 1000000000 .Value }}'],
    ['a list', '{{ until 1000000000 }}'],
    ['doubling', '{{ $x := .Value }}{{ range 40 }}{{ $x = printf "%s%s" $x $x }}{{ end }}{{ $x }}'],
    ['lists in lists', '{{ $x := list 1 }}{{ range 40 }}{{ $x = list $x $x }}{{ end }}{{ toJson $x }}'],
    ['lists to compare', '{{ $x := list 1 }}{{ range 40 }}{{ $x = list $x $x }}{{ end }}{{ deepEqual $x $x }}'],
    ['depth', '{{ $x := list 1 }}{{ range 20000 }}{{ $x = list $x }}{{ end }}{{ $x }}'],
    ['wrapped lines', '{{ wrapWith 1 (repeat 9000 .Value) .Value }}'],
    ['a row of numbers', '{{ seq 1000000000 }}'],
    ['steps', '{{ untilStep 0 1000000000 1 }}'],
    ['lists that one call makes', '{{ range until 30 }}{{ $c := chunk 1 (until 10000) }}{{ end }}'],
    ['chunks of nothing', '{{ chunk 0 (list 1) }}'],
    ['a loop', '{{ range 1000000000 }}{{ end }}'],
    ['loops in loops', '{{ range 1000 }}{{ range 1000 }}{{ range 1000 }}{{ end }}{{ end }}{{ end }}'],
    ['a list', '{{ splitList "" (repeat 9 (repeat 12 .Value)) }}'],
    ['texts', '{{ $x := repeat 9 .Value }}{{ range 30000 }}{{ $y := contains "b" $x }}{{ end }}'],
    ['the result', '{{ range 100 }}{{ $.Value }}{{ end }}'],
  ])('%s: a value stays as it was when it would grow without bound', (_, template) => {
    const value = 'a'.repeat(100)
    expect(valueAfter({ template }, { x: value })).toBe(value)
  })
})

describe('decolorize', () => {
  test.each([
    ['plain', 'plain'],
    ['\u001b[0;32mgreen\u001b[0m \u001b[1;38;5;196mred\u001b[m', 'green red'],
    ['\u009b31mx\u009b0m', 'x'],
    ['\u001b[2K\u001b[1Gline', 'line'],
    ['\u001b]8;;http://example.com\u0007link\u001b]8;;\u001b\\', 'link'],
    ['\u001b(B\u001b7a\u001b8\u001bcb', 'ab'],
    ['unfinished \u001b[31', 'unfinished \u001b[31'],
    ['unfinished \u001b]0;title', 'unfinished \u001b]0;title'],
    ['\u001b', '\u001b'],
    ['', ''],
  ])('%j gives %j', (line, expected) => {
    expect(lineAfter(['decolorize'], line)).toBe(expected)
  })

  test('takes linear time for sequences that never end', () => {
    const hostile = '\u001b]'.repeat(100_000)
    expect(lineAfter(['decolorize'], hostile)).toBe(hostile)
  })
})
