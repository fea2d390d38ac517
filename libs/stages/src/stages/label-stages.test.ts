import { describe, expect, test } from 'vitest'

import { createLabelSet } from '../label-set.ts'
import { entryOf, pipelineOf } from '../run-stages.test-kit.ts'

const LABELS = createLabelSet([
  ['__tenant_id__', 't'],
  ['app', 'a'],
  ['pod', 'p'],
  ['trace', 'x'],
])
const AGENTS = ['__tenant_id__', 't']

/** Labels and structured metadata of what comes out. */
function after(stages: readonly unknown[], line = 'line'): { readonly labels: unknown; readonly metadata: unknown } {
  const [entry] = pipelineOf(stages).push(entryOf(line, LABELS))
  return { labels: entry?.labels.labels, metadata: entry?.metadata && Object.fromEntries(entry.metadata) }
}

describe('labels', () => {
  test.each([
    ['labeldrop', [{ labeldrop: ['pod', 'none'] }], [AGENTS, ['app', 'a'], ['trace', 'x']]],
    ['labelallow', [{ labelallow: ['pod', 'none'] }], [AGENTS, ['pod', 'p']]],
    [
      'labels of values',
      [{ json: { expressions: { level: '' } } }, { labels: { level: '' } }, { labelallow: ['level'] }],
      [AGENTS, ['level', 'warn']],
    ],
  ])('%s', (_, stages, labels) => {
    expect(after(stages, '{"level":"warn"}').labels).toEqual(labels)
  })
})

describe('structured metadata', () => {
  const ALL = LABELS.labels
  test.each([
    ['of labels, which it moves', [{ structured_metadata: { trace: '', id: 'pod' } }], [AGENTS, ['app', 'a']], { trace: 'x', id: 'p' }],
    [
      'of one label under two names',
      [{ structured_metadata: { trace: '', id: 'trace' } }],
      [AGENTS, ['app', 'a'], ['pod', 'p']],
      { trace: 'x', id: 'x' },
    ],
    ['of values', [{ json: { expressions: { trace: 'n' } } }, { structured_metadata: { trace: '' } }], ALL, { trace: '8' }],
    ['by its name of old', [{ non_indexed_labels: { trace: null } }], [AGENTS, ['app', 'a'], ['pod', 'p']], { trace: 'x' }],
    ['of what is not there', [{ structured_metadata: { none: '' } }], ALL, undefined],
    ['with the label dropped', [{ structured_metadata: { trace: '' } }, { labeldrop: ['trace', 'app', 'pod'] }], [AGENTS], { trace: 'x' }],
    [
      'by a pattern moves labels',
      [{ structured_metadata_regex: { regex: '^(trace|pod)$' } }],
      [AGENTS, ['app', 'a']],
      { pod: 'p', trace: 'x' },
    ],
    ['by a pattern that matches nothing', [{ structured_metadata_regex: { regex: '^$' } }], ALL, undefined],
    [
      'taken away',
      [{ structured_metadata: { a: 'app', b: 'pod' } }, { structured_metadata_drop: { values: ['a', 'none'] } }],
      [AGENTS, ['trace', 'x']],
      { b: 'p' },
    ],
    [
      'all of it taken away',
      [{ structured_metadata: { a: 'app' } }, { structured_metadata_drop: { values: ['a'] } }],
      [AGENTS, ['pod', 'p'], ['trace', 'x']],
      undefined,
    ],
    [
      'by a pattern takes extracted values',
      [{ json: { expressions: { trace_id: '', n: '' } } }, { structured_metadata_regex: { regex: '_id$' } }],
      ALL,
      { trace_id: '7' },
    ],
  ])('%s', (_, stages, labels, metadata) => {
    expect(after(stages, '{"trace_id":7,"n":8}')).toEqual({ labels, metadata })
  })
})
