import type { Json } from '@clymene/discovery'
import { createLabelSet } from '@clymene/stages'
import { describe, expect, test } from 'vitest'

import { eventOf } from './cluster.test-kit.ts'
import type { EntryForm } from './entry-form.ts'
import { eventEntry } from './event-entry.ts'
import { createFewValues } from './few-values.ts'
import { readEvent } from './read-event.ts'

const NOW = Date.parse('2024-01-01T01:00:00Z')

function entryOf(fields: Json, { form = 'text', most = 10 }: { form?: EntryForm; most?: number } = {}) {
  const overflows: string[] = []
  const event = eventOf('e', fields)
  const { labels, timestampNs, line, metadata } = eventEntry(
    readEvent({ ...event, metadata: { name: 'e', namespace: 'shop', uid: 'uid-e', resourceVersion: '7' } }),
    {
      base: createLabelSet([['cluster', 'c']]),
      form,
      fewKinds: createFewValues(most, () => overflows.push('kind')),
      fewReasons: createFewValues(most, () => overflows.push('reason')),
      now: () => NOW,
    },
  )
  return { labels: Object.fromEntries(labels.labels), timestampNs, line, metadata: Object.fromEntries(metadata ?? []), overflows }
}

test('labels are few, the rest is structured metadata', () => {
  const { labels, metadata, timestampNs } = entryOf({ count: 5, action: 'Pulling', reportingComponent: 'kubelet', reportingInstance: 'n1' })
  expect(labels).toEqual({ cluster: 'c', job: 'kubernetes-events', namespace: 'shop', kind: 'Pod', reason: 'BackOff', type: 'Warning' })
  expect(metadata).toEqual({
    name: 'web-1',
    uid: 'uid-web-1',
    api_version: 'v1',
    count: '5',
    first_seen: '2024-01-01T00:00:00Z',
    last_seen: '2024-01-01T00:00:00Z',
    source_component: 'kubelet',
    source_host: 'n1',
    action: 'Pulling',
    reporting_controller: 'kubelet',
    reporting_instance: 'n1',
    event: 'e',
    message: 'message of e',
  })
  expect(timestampNs).toBe(BigInt(Date.parse('2024-01-01T00:00:00Z')) * 1_000_000n + 7n)
})

describe('a line', () => {
  test('of text is pairs', () => {
    expect(entryOf({ message: 'Back-off "x"\nagain' }).line).toBe(
      String.raw`type=Warning reason=BackOff kind=Pod object=shop/web-1 count=1 source=kubelet host=n1 msg="Back-off \"x\"\nagain"`,
    )
  })

  test('of JSON has everything, numbers as such', () => {
    expect(JSON.parse(entryOf({ count: 3 }, { form: 'json' }).line)).toEqual({
      type: 'Warning',
      reason: 'BackOff',
      kind: 'Pod',
      namespace: 'shop',
      name: 'web-1',
      uid: 'uid-web-1',
      api_version: 'v1',
      count: 3,
      first_seen: '2024-01-01T00:00:00Z',
      last_seen: '2024-01-01T00:00:00Z',
      source_component: 'kubelet',
      source_host: 'n1',
      event: 'e',
      message: 'message of e',
    })
  })

  test.each<[form: EntryForm]>([['text'], ['json']])('of %s is cut where the message is too long, never inside a character', (form) => {
    const { line, metadata } = entryOf({ message: `${'x'.repeat(8191)}😀tail` }, { form })
    expect(line).toContain('x…')
    expect(line).not.toContain('tail')
    expect(line.isWellFormed()).toBe(true)
    expect(metadata['message']).toHaveLength(8192)
  })
})

test('an event of events.k8s.io: the time is eventTime, repeats stand in its series', () => {
  const fields = {
    count: 0,
    firstTimestamp: null,
    lastTimestamp: null,
    eventTime: '2024-01-01T00:00:00.123456Z',
    reportingComponent: 'default-scheduler',
    source: {},
    action: 'Binding',
    related: { kind: 'Node', name: 'n1' },
  }
  const once = entryOf(fields)
  expect(once.line).toBe('type=Warning reason=BackOff kind=Pod object=shop/web-1 count=1 source=default-scheduler msg="message of e"')
  expect(once.timestampNs).toBe(BigInt(Date.parse('2024-01-01T00:00:00Z')) * 1_000_000n + 123_456_007n)
  expect(once.metadata).toMatchObject({ first_seen: '2024-01-01T00:00:00.123456Z', action: 'Binding', related: 'Node/n1' })
  const again = entryOf({ ...fields, series: { count: 4, lastObservedTime: '2024-01-01T00:00:09.000001Z' } })
  expect(again.metadata).toMatchObject({ count: '4', last_seen: '2024-01-01T00:00:09.000001Z' })
})

test('what stands in no namespace has no label for it', () => {
  const { labels, line } = entryOf({ involvedObject: { kind: 'Node', name: 'n1' } })
  expect(labels).toEqual({ cluster: 'c', job: 'kubernetes-events', kind: 'Node', reason: 'BackOff', type: 'Warning' })
  expect(line).toContain('kind=Node object=n1 ')
})

test('labels that anybody may invent are bounded; the line has the true one', () => {
  const { labels, line, overflows } = entryOf({}, { most: 0 })
  expect(labels).toMatchObject({ kind: 'other', reason: 'other' })
  expect(overflows).toEqual(['kind', 'reason'])
  expect(line).toContain('reason=BackOff kind=Pod')
})

test('an event without a time has that of its object, and one that says nothing does no harm', () => {
  expect(readEvent({ metadata: { creationTimestamp: '2024-01-01T00:00:00Z' } })).toMatchObject({
    lastNs: BigInt(Date.parse('2024-01-01T00:00:00Z')) * 1_000_000n,
    count: 1,
  })
  expect(readEvent({})).toMatchObject({ uid: '', lastNs: 0n, count: 1, related: undefined })
})
