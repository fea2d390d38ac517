import { createLabelSet } from '@clymene/stages'
import { decodePushRequest, encodePushRequest, scanPushRequest } from '@clymene/wire'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { Collector } from './collector.ts'
import { LOKI_LABEL_LIMITS } from './label-limits.ts'
import { encodeMetadata } from './metadata.ts'
import { createStreams } from './stream.ts'

const UNLIMITED = { limits: { maxNames: 0, maxNameBytes: 0, maxValueBytes: 0, action: 'drop' }, offended: () => undefined } as const
const MANY = 1_000_000_000
const labelled = (name: string) => createLabelSet([['app', name]])

describe('Collector', () => {
  test('writes what the encoder of the wire writes', () => {
    const streamOf = createStreams(UNLIMITED)
    const collector = new Collector(16)
    const entry = fc.record({
      app: fc.constantFrom('a', 'b "q"', 'c'),
      timestampNs: fc.bigInt({ min: -62_135_596_800_000_000_000n, max: 253_402_300_799_999_999_999n }),
      line: fc.oneof(fc.string({ unit: 'grapheme' }), fc.constant('x'.repeat(20_000))),
      metadata: fc.array(fc.tuple(fc.string({ minLength: 1 }), fc.string({ unit: 'grapheme', minLength: 1 })), { maxLength: 2 }),
    })
    const sets = new Map(['a', 'b "q"', 'c'].map((app) => [app, labelled(app)]))
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        for (const { app, timestampNs, line, metadata } of entries) {
          collector.appendText(streamOf(sets.get(app) ?? labelled(app)), timestampNs, line, encodeMetadata(metadata))
        }
        const batches = collector.take(MANY)
        const streams = Array.from(
          Map.groupBy(entries, ({ app }) => app),
          ([app, own]) => ({
            labels: labelled(app).labels,
            entries: own.map(({ timestampNs, line, metadata }) => ({ timestampNs, line, metadata })),
          }),
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
    const streamOf = createStreams(UNLIMITED)
    const collector = new Collector(1000)
    for (const tenant of ['t1', '', 't1']) {
      const labels = createLabelSet([
        ['app', 'x'],
        ['__tenant_id__', tenant],
        ['__path__', '/x'],
      ])
      collector.appendText(streamOf(labels), 1n, 'line')
    }
    expect(collector.take(MANY).map(({ tenant, entries, body }) => [tenant, entries, decodePushRequest(body)[0]?.labels])).toEqual([
      ['t1', 2, [['app', 'x']]],
      ['', 1, [['app', 'x']]],
    ])
    expect(collector.length).toBe(0)
    expect(collector.take(MANY)).toEqual([])
  })

  test('each batch knows its newest line, wherever it stands', () => {
    const streamOf = createStreams(UNLIMITED)
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
    expect(collector.take(MANY).map(({ newestMs }) => newestMs)).toEqual([5678, -1500])
    append('t1', 7)
    expect(collector.take(MANY).map(({ newestMs }) => newestMs)).toEqual([7])
  })

  test('the stream of a set of labels is one object', () => {
    const streamOf = createStreams(UNLIMITED)
    const labels = labelled('a')
    expect(streamOf(labels)).toBe(streamOf(labels))
    expect(streamOf(labels.with('stream', 'stdout'))).toBe(streamOf(labels.with('stream', 'stdout')))
  })

  test('batches of at most so many bytes, streams and entries in their order, an entry that is larger by itself alone', () => {
    const streamOf = createStreams(UNLIMITED)
    const collector = new Collector(16)
    const sets = ['a', 'b', 'c'].map((app) => labelled(app))
    const entry = fc.record({ app: fc.nat(2), bytes: fc.nat(300) })
    fc.assert(
      fc.property(fc.array(entry), fc.integer({ min: 60, max: 1000 }), (entries, maxBytes) => {
        for (const [index, { app, bytes }] of entries.entries())
          collector.appendText(streamOf(sets[app]!), BigInt(index), 'x'.repeat(bytes))
        const whole = Array.from(
          Map.groupBy(entries.entries(), ([, { app }]) => app),
          ([app, own]) => own.map(([index, { bytes }]) => `${app} ${index} ${bytes}`),
        ).flat()
        const batches = collector.take(maxBytes)
        const sent = batches.map(({ body, entries: count }) => {
          const found = decodePushRequest(body).flatMap(({ labels, entries: own }) =>
            own.map(({ timestampNs, line }) => `${['a', 'b', 'c'].indexOf(labels[0]?.[1] ?? '')} ${timestampNs} ${line.length}`),
          )
          expect(count).toBe(found.length)
          if (found.length > 1) expect(body.length).toBeLessThanOrEqual(maxBytes)
          return found
        })
        expect(sent.flat()).toEqual(whole)
      }),
    )
  })

  test('its length is what will be sent, labels of the streams included, and never less', () => {
    const streamOf = createStreams(UNLIMITED)
    const collector = new Collector(16)
    for (let app = 0; app < 100; app++) collector.appendText(streamOf(labelled(`app-${app}`)), 1n, 'line')
    const length = collector.length
    const sent = collector.take(MANY).reduce((sum, { body }) => sum + body.length, 0)
    expect(length).toBeGreaterThanOrEqual(sent)
    expect(length).toBeLessThan(sent + 100 * 5)
  })

  test('what is refused is a batch of its own for each reason and tenant', () => {
    const streamOf = createStreams({ limits: { ...LOKI_LABEL_LIMITS, maxValueBytes: 3, action: 'refuse' }, offended: () => undefined })
    const collector = new Collector(100)
    for (const [name, value] of [
      ['app', 'x'],
      ['app', 'long'],
      ['app', 'longer'],
      ['pod', 'long'],
      ['a b', 'x'],
    ] as const)
      collector.appendText(streamOf(createLabelSet([[name, value]])), 1n, `${name} ${value}`)
    const beyond = '--logs.label-limit-action=refuse: beyond the limit: label'
    expect(
      collector
        .take(MANY)
        .map(({ refused, body }) => [refused, decodePushRequest(body).flatMap(({ entries }) => entries.map(({ line }) => line))]),
    ).toEqual([
      ['', ['app x']],
      [`${beyond} "app" (value_bytes: 3)`, ['app long', 'app longer']],
      [`${beyond} "pod" (value_bytes: 3)`, ['pod long']],
      [`${beyond} "a b" (name_characters: letters, digits and _, no digit first)`, ['a b x']],
    ])
  })

  test('a label beyond a limit goes with each line as metadata, or the line is refused; it is told with the number of lines', () => {
    const told: unknown[] = []
    const offended = (...[offences, , lines]: Parameters<Parameters<typeof createStreams>[0]['offended']>): void =>
      void told.push([offences[0]?.label, lines])
    const labels = createLabelSet([
      ['app', 'x'],
      ['trace-id', '7'],
    ])
    const send = (action: 'drop' | 'metadata' | 'refuse') => {
      const collector = new Collector(100)
      const stream = createStreams({ limits: { ...LOKI_LABEL_LIMITS, action }, offended })(labels)
      collector.appendText(stream, 1n, 'a', encodeMetadata([['own', '1']]))
      collector.append(stream, 0, 2, Buffer.from('b'), 0, 1)
      return collector.take(MANY).flatMap(({ body }) => decodePushRequest(body))
    }
    const lines = { timestampNs: 1n, line: 'a' }
    const next = { timestampNs: 2n, line: 'b' }
    expect(send('drop')).toEqual([{ labels: [['app', 'x']], entries: [{ ...lines, metadata: [['own', '1']] }, next] }])
    const moved = ['trace_id', '7']
    expect(send('metadata')).toEqual([
      {
        labels: [['app', 'x']],
        entries: [
          { ...lines, metadata: [['own', '1'], moved] },
          { ...next, metadata: [moved] },
        ],
      },
    ])
    expect(send('refuse')).toEqual([{ labels: labels.labels, entries: [{ ...lines, metadata: [['own', '1']] }, next] }])
    expect(told).toEqual([
      ['trace-id', 2],
      ['trace-id', 2],
      ['trace-id', 2],
    ])
  })
})
