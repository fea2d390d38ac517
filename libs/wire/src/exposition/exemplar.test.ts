import { describe, expect, test } from 'vitest'

import { parseExemplarLabels, parseExposition } from './index.ts'

/** Samples and exemplars in the order handed over. */
function read(page: string): unknown[] {
  const body = Buffer.from(page)
  const seen: unknown[] = []
  parseExposition(body, 'openmetrics', {
    exemplar: (start, end, value, timestampMs) => {
      expect(body.toString('latin1', start, start + 1) + body.toString('latin1', end - 1, end)).toBe('{}')
      seen.push([parseExemplarLabels(body, start), value, timestampMs])
    },
    sample: (start, end, value, timestampMs) => seen.push([body.toString('utf8', start, end), value, timestampMs]),
  })
  return seen
}

const labels = (...pairs: [string, string][]): [string, string][] => pairs

describe('an exemplar is handed over before its sample', () => {
  test.each<[string, string, unknown[]]>([
    ['with labels, value and time', '# {b="c",a="é"} 2.5 1.5', [labels(['a', 'é'], ['b', 'c']), 2.5, 1500]],
    ['without time', '# {b="c"} 2', [labels(['b', 'c']), 2, undefined]],
    ['without labels', '# {} NaN 0', [[], Number.NaN, 0]],
    ['with a time before 1970', '# {} -Inf -1.5', [[], -Infinity, -1500]],
    ['with a quoted name and escapes', '# {"b.c"="d\\n\\"",} 2', [labels(['b.c', 'd\n"']), 2, undefined]],
    ['an empty label is none', '# {b="",c="d"} 2', [labels(['c', 'd']), 2, undefined]],
    ['with 128 characters', `# {a="${'é'.repeat(127)}"} 2`, [labels(['a', 'é'.repeat(127)]), 2, undefined]],
    ['with more than 128 characters: no labels', `# {a="${'é'.repeat(128)}"} 2`, [undefined, 2, undefined]],
    ['with a label twice: no labels', '# {a="b",a="c"} 2', [undefined, 2, undefined]],
    ['with an empty name: no labels', '# {""="c"} 2', [undefined, 2, undefined]],
  ])('%s', (_, exemplar, expected) => {
    expect(read(`a 1 ${exemplar}\nb 2 3 ${exemplar}\nc 4\n# EOF\n`)).toEqual([
      expected,
      ['a', 1, undefined],
      expected,
      ['b', 2, 3000],
      ['c', 4, undefined],
    ])
  })
})
