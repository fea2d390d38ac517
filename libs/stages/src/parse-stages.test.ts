import { ConfigError } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import { parseStages } from './parse-stages.ts'
import { STAGE_KINDS } from './registry.ts'

const KNOWN = [...STAGE_KINDS.keys()].toSorted().join(', ')
const FORMATS =
  'expected a layout such as 02/Jan/2006:15:04:05 -0700, or one of RFC3339, RFC3339Nano, Unix, UnixMs, UnixUs, UnixNs, ANSIC, UnixDate, RubyDate, RFC822, RFC822Z, RFC850, RFC1123, RFC1123Z, Kitchen, Stamp, StampMilli, StampMicro, StampNano, DateTime, DateOnly, TimeOnly'

describe('parseStages', () => {
  test.each([[undefined], [null], [[]]])('%j means no stages', (value) => {
    expect(parseStages(value, 'stages')).toEqual([])
  })

  test.each([
    [
      [{ cri: {} }, { docker: null }],
      ['cri', 'docker'],
    ],
    [['cri'], ['cri']],
    [[{ cri: { max_partial_lines: 10, max_partial_line_size: '16KB', max_partial_line_size_truncate: true } }], ['cri']],
    [[{ json: { expressions: { level: null, user: 'a."b c"' }, source: 'x', drop_malformed: true } }], ['json']],
    [
      [{ timestamp: { source: 't', format: 'Unix', fallback_formats: ['RFC3339'], location: 'Asia/Seoul', action_on_failure: 'skip' } }],
      ['timestamp'],
    ],
    [[{ static_labels: { a: 1, b: true, c: null } }], ['static_labels']],
  ])('%j', (value, names) => {
    expect(parseStages(value, 'stages').map(({ name }) => name)).toEqual(names)
  })

  const refused: readonly [value: unknown, mistakes: readonly string[]][] = [
    [{ cri: {} }, ['stages: expected a list of stages, found {"cri":{}}']],
    [[7], ['stages[0]: expected one stage with its options, found 7']],
    [[{}], ['stages[0]: expected one stage with its options, found {}']],
    [[{ cri: {}, docker: {} }], ['stages[0]: expected one stage with its options, found {"cri":{},"docker":{}}']],
    [
      [{ geoip: {} }, { eventlogmessage: {} }],
      [
        'stages[0]: stage geoip is not offered: it would need a data base of addresses beside every agent; look the place up where the lines are read, or take `drop` and `replace` to leave addresses out',
        'stages[1]: stage eventlogmessage is not offered: it reads the event log of Windows, which this agent does not run on',
      ],
    ],
    [[{ crio: {} }], [`stages[0]: unknown stage "crio", expected one of ${KNOWN}`]],
    [
      [{ cri: { partial: 1 } }],
      ['stages[0].cri.partial: unknown key (known: max_partial_lines, max_partial_line_size, max_partial_line_size_truncate)'],
    ],
    [[{ cri: { max_partial_lines: -1 } }], ['stages[0].cri.max_partial_lines: expected a whole number from 0, found -1']],
    [
      [{ cri: { max_partial_line_size: '3 parsecs' } }],
      ['stages[0].cri.max_partial_line_size: expected bytes such as 16384 or 16KB, found "3 parsecs"'],
    ],
    [[{ cri: [] }], ['stages[0].cri: expected a mapping, found []']],
    [[{ docker: { x: 1 } }], ['stages[0].docker.x: unknown key (known: )']],
    [[{ json: {} }], ['stages[0].json.expressions: expected at least one name with its path']],
    [
      [{ json: { expressions: ['a'] } }],
      [
        'stages[0].json.expressions: expected a mapping, found ["a"]',
        'stages[0].json.expressions: expected at least one name with its path',
      ],
    ],
    [
      [{ json: { expressions: { a: 'b[*', c: {} }, drop_malformed: 'maybe', source: '' } }],
      [
        'stages[0].json.expressions.c: expected text, found {}',
        'stages[0].json.source: must not be empty',
        'stages[0].json.drop_malformed: expected true or false, found "maybe"',
        'stages[0].json.expressions.a: "b[*" at position 3: it ends too early',
      ],
    ],
    [[{ labels: {} }], ['stages[0].labels: expected at least one label']],
    [[{ labels: { a: ['b'] } }], ['stages[0].labels.a: expected text, found ["b"]', 'stages[0].labels: expected at least one label']],
    [[{ static_labels: null }], ['stages[0].static_labels: expected at least one label']],
    [[{ output: {} }], ['stages[0].output.source: expected the name of an extracted value']],
    [
      [{ timestamp: {} }],
      ['stages[0].timestamp.source: expected the name of an extracted value', `stages[0].timestamp.format: ${FORMATS}, found ""`],
    ],
    [
      [
        {
          timestamp: {
            source: 't',
            format: 'yyyy-MM-dd',
            fallback_formats: ['Unix', 'iso8601'],
            location: 'Mars/Base',
            action_on_failure: 'drop',
          },
        },
      ],
      [
        `stages[0].timestamp.format: ${FORMATS}, found "yyyy-MM-dd"`,
        `stages[0].timestamp.fallback_formats[1]: ${FORMATS}, found "iso8601"`,
        'stages[0].timestamp.location: "Mars/Base" is no time zone such as Asia/Seoul',
        'stages[0].timestamp.action_on_failure: expected fudge or skip, found "drop"',
      ],
    ],
    [
      [{ timestamp: { source: 't', format: 'Unix', fallback_formats: 'Unix' } }],
      ['stages[0].timestamp.fallback_formats: expected a list of texts, found "Unix"'],
    ],
  ]
  test.each(refused)('%j is refused', (value, mistakes) => {
    expect(mistakesOf(() => parseStages(value, 'stages'))).toEqual(mistakes)
  })
})

function mistakesOf(call: () => unknown): readonly string[] {
  try {
    call()
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes
    throw error
  }
  return []
}
