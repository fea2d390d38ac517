import { ConfigError } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import { parseStages } from '../parse-stages.ts'

/** Mistakes of one stage, without its place. */
function mistakesOf(stage: string, options: unknown): readonly string[] {
  try {
    parseStages([{ [stage]: options }], 'stages')
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes.map((mistake) => mistake.replace(`stages[0].${stage}`, ''))
    throw error
  }
  return []
}

describe('options that are refused', () => {
  test.each<[stage: string, options: unknown, mistakes: readonly string[]]>([
    ['cri', { max_partial_line_size: '3 parsecs' }, ['.max_partial_line_size: expected bytes such as 16384 or 16KB, found "3 parsecs"']],

    ['drop', {}, [': expected at least one of source, expression, older_than, longer_than']],
    [
      'drop',
      { value: 'x' },
      ['.value: needs a source to compare', ': expected at least one of source, expression, older_than, longer_than'],
    ],
    ['drop', { source: 'a', value: '', expression: 'x' }, [': expected value or expression, not both']],
    ['drop', { source: 'a', value: 'x', expression: 'x' }, [': expected value or expression, not both']],
    ['drop', { expression: 'a(' }, ['.expression: regex "a(": missing closing ) ("a(") at position 0']],
    ['drop', { older_than: '1d' }, ['.older_than: expected a duration such as 3s, 1h30m or 500ms, found "1d"']],
    ['drop', { older_than: '-1h' }, ['.older_than: expected a duration such as 3s, 1h30m or 500ms, found "-1h"']],
    ['drop', { longer_than: '8XB' }, ['.longer_than: expected bytes such as 16384 or 16KB, found "8XB"']],
    ['drop', { source: 'a,,b' }, ['.source: names must not be empty']],
    ['drop', { source: { a: 1 } }, ['.source: expected a list of texts, found {"a":1}']],

    ['limit', {}, ['.rate: expected a number above 0', '.burst: expected a number above 0']],
    ['limit', { rate: 0, burst: 1.5 }, ['.rate: expected a number above 0, found 0', '.burst: expected a whole number above 0, found 1.5']],
    [
      'limit',
      { rate: 'x', burst: true },
      ['.rate: expected a number above 0, found "x"', '.burst: expected a whole number above 0, found true'],
    ],
    [
      'limit',
      { rate: 1, burst: 1, by_label_name: 'a' },
      ['.by_label_name: needs drop: true, lines of one label value cannot wait for themselves'],
    ],

    ['sampling', {}, ['.rate: expected a number from 0 to 1']],
    ['sampling', { rate: 2 }, ['.rate: expected a number from 0 to 1, found 2']],
    ['sampling', { rate: '' }, ['.rate: expected a number from 0 to 1, found ""']],

    ['multiline', {}, ['.firstline: expected a regular expression']],
    [
      'multiline',
      { firstline: '[', max_lines: -1, max_wait_time: '3' },
      [
        '.firstline: regex "[": missing closing ] ("[") at position 0',
        '.max_lines: expected a whole number from 0, found -1',
        '.max_wait_time: expected a duration such as 3s, 1h30m or 500ms, found "3"',
      ],
    ],

    ['match', {}, ['.selector: expected a LogQL selector such as {app="x"} |= "error"', '.stages: expected at least one stage']],
    ['match', { selector: '{', stages: [{ cri: {} }] }, ['.selector: "{" is no LogQL, at position 1: unexpected end']],
    ['match', { selector: '{}', action: 'drop', stages: [{ cri: {} }] }, ['.stages: must not be there with action drop']],
    ['match', { selector: '{}', stages: [] }, ['.stages: expected at least one stage']],
    ['match', { selector: '{}', action: 'hide', stages: [{ cri: {} }] }, ['.action: expected keep or drop, found "hide"']],
    [
      'match',
      { selector: '{}', stages: [{ drop: {} }] },
      ['.stages[0].drop: expected at least one of source, expression, older_than, longer_than'],
    ],

    ['tenant', {}, [': expected one of label, source and value, found 0']],
    ['tenant', { label: 'a', value: 'b' }, [': expected one of label, source and value, found 2']],
    ['pack', { labels: 'a' }, ['.labels: expected a list of texts, found "a"']],
    ['label_keep', {}, ['.values: expected at least one label']],
    ['luhn', { source: '', delimiters: '-1' }, ['.source: must not be empty', '.delimiters: must not be digits']],
    ['truncate', {}, ['.rules: expected at least one rule']],
    [
      'truncate',
      { rules: [{ limit: 0 }, { limit: 2, suffix: '..' }, { limit: 9, sources: ['a'], x: 1 }, { limit: 1, source_type: 'x' }] },
      [
        '.rules[0].limit: expected bytes above 0',
        '.rules[1].suffix: must be shorter than the limit',
        '.rules[2].x: unknown key (known: limit, suffix, source_type, sources)',
        '.rules[2].sources: a line has no names',
        '.rules[3].source_type: expected line or label or structured_metadata or extracted, found "x"',
      ].toSorted(),
    ],

    ['metrics', {}, [': expected at least one metric']],
    ['metrics', { a: { config: {} } }, ['.a.type: expected counter, gauge or histogram']],
    [
      'metrics',
      { a: { type: 'summary', config: { action: 'inc' } } },
      ['.a.type: expected counter or gauge or histogram, found "summary"'],
    ],
    [
      'metrics',
      { 'a-b': { type: 'counter', max_idle_duration: '1ms', config: {} } },
      [
        '.a-b: "promtail_custom_a-b" is no name of a metric',
        '.a-b.max_idle_duration: must be at least 1s',
        '.a-b.config.action: expected inc or add',
      ],
    ],
    ['metrics', { a: { type: 'counter', config: { action: 'set' } } }, ['.a.config.action: expected inc or add, found "set"']],
    [
      'metrics',
      { a: { type: 'counter', config: { action: 'inc', value: 'x', match_all: true } } },
      ['.a.config.value: must not be there with match_all'],
    ],
    [
      'metrics',
      { a: { type: 'counter', config: { action: 'inc', count_entry_bytes: true } } },
      ['.a.config.count_entry_bytes: needs match_all: true and action: add'],
    ],
    [
      'metrics',
      { a: { type: 'counter', config: { action: 'add', match_all: true } } },
      ['.a.config.match_all: with action add needs count_entry_bytes: true'],
    ],
    [
      'metrics',
      { a: { type: 'gauge', config: { action: 'set', buckets: [1] } } },
      ['.a.config.buckets: unknown key (known: value, action)'],
    ],
    ['metrics', { a: { type: 'histogram', config: { buckets: [2, 1] } } }, ['.a.config.buckets: expected rising numbers, found [2,1]']],
    ['metrics', { a: { type: 'histogram', config: { buckets: [] } } }, ['.a.config.buckets: expected rising numbers, found []']],
  ])('%s %j', (stage, options, mistakes) => {
    expect([...mistakesOf(stage, options)].toSorted()).toEqual([...mistakes].toSorted())
  })
})
