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
    ['of values', [{ structured_metadata: { trace: '', id: 'pod' } }], ALL, { trace: 'x', id: 'p' }],
    ['by its name of old', [{ non_indexed_labels: { trace: null } }], ALL, { trace: 'x' }],
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
      ALL,
      { b: 'p' },
    ],
    ['all of it taken away', [{ structured_metadata: { a: 'app' } }, { structured_metadata_drop: { values: ['a'] } }], ALL, undefined],
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
