import { createLabelSet } from '@clymene/stages'
import { decodePushRequest, encodePushRequest, scanPushRequest } from '@clymene/wire'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { Collector } from './collector.ts'
import { createStreams } from './stream.ts'

const labelled = (name: string) => createLabelSet([['app', name]])

describe('Collector', () => {
  test('writes what the encoder of the wire writes', () => {
    const streamOf = createStreams()
    const collector = new Collector(16)
    const entry = fc.record({
      app: fc.constantFrom('a', 'b "q"', 'c'),
      timestampNs: fc.bigInt({ min: -62_135_596_800_000_000_000n, max: 253_402_300_799_999_999_999n }),
      line: fc.oneof(fc.string({ unit: 'grapheme' }), fc.constant('x'.repeat(20_000))),
    })
    const sets = new Map(['a', 'b "q"', 'c'].map((app) => [app, labelled(app)]))
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        for (const { app, timestampNs, line } of entries) collector.appendText(streamOf(sets.get(app) ?? labelled(app)), timestampNs, line)
        const batches = collector.take()
        const streams = Array.from(
          Map.groupBy(entries, ({ app }) => app),
          ([app, own]) => ({ labels: labelled(app).labels, entries: own.map(({ timestampNs, line }) => ({ timestampNs, line })) }),
        )
        expect(batches.length).toBe(entries.length === 0 ? 0 : 1)
        for (const { body, entries: count } of batches) {
          expect(body.equals(encodePushRequest(streams))).toBe(true)
          expect(count).toBe(entries.length)
          expect(scanPushRequest(body).entries).toBe(count)
        }
      }),
    )
  })

  test('a batch for each tenant, without the labels that begin with __', () => {
    const streamOf = createStreams()
    const collector = new Collector(1000)
    for (const tenant of ['t1', '', 't1']) {
      const labels = createLabelSet([
        ['app', 'x'],
        ['__tenant_id__', tenant],
        ['__path__', '/x'],
      ])
      collector.appendText(streamOf(labels), 1n, 'line')
    }
    expect(collector.take().map(({ tenant, entries, body }) => [tenant, entries, decodePushRequest(body)[0]?.labels])).toEqual([
      ['t1', 2, [['app', 'x']]],
      ['', 1, [['app', 'x']]],
    ])
    expect(collector.length).toBe(0)
    expect(collector.take()).toEqual([])
  })

  test('each batch knows its newest line, wherever it stands', () => {
    const streamOf = createStreams()
    const collector = new Collector(1000)
    const append = (tenant: string, milliseconds: number): void => {
      const labels = createLabelSet([
        ['app', 'x'],
        ['__tenant_id__', tenant],
      ])
      collector.appendText(streamOf(labels), BigInt(milliseconds) * 1_000_000n + 999_999n, 'line')
    }
    append('t1', 3000)
    append('t1', 5678)
    append('t2', -1500)
    append('t1', 4000)
    expect(collector.take().map(({ newestMs }) => newestMs)).toEqual([5678, -1500])
    append('t1', 7)
    expect(collector.take().map(({ newestMs }) => newestMs)).toEqual([7])
  })

  test('the stream of a set of labels is one object', () => {
    const streamOf = createStreams()
    const labels = labelled('a')
    expect(streamOf(labels)).toBe(streamOf(labels))
    expect(streamOf(labels.with('stream', 'stdout'))).toBe(streamOf(labels.with('stream', 'stdout')))
  })
})
