import type { Delivery, Label, LogStream, OpenStorage, Origin, TimeSeries } from '@clymene/model'
import { createMetrics, parseFlags, silentLogger } from '@clymene/runtime'
import { elasticsearchStorage } from '@clymene/storages'
import { deliveryOf, describeStorageContract, openByFlags } from '@clymene/storages/contract'
import { compress, encodePushRequest, encodeWriteRequest } from '@clymene/wire'
import { Client } from '@elastic/elasticsearch'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { describeWithEngines, type Engine, startElasticsearch } from '../engines/index.ts'

const { signal } = new AbortController()
const NOW_MS = 1_790_000_000_000

type Found = { readonly index: string; readonly source: Readonly<Record<string, unknown>> }

describeWithEngines(['elasticsearch'], 'the elasticsearch storage', () => {
  let engine: Engine
  let client: Client
  const storages: OpenStorage[] = []

  beforeAll(async () => {
    engine = await startElasticsearch()
    client = new Client({ node: engine.url })
  })
  afterAll(async () => {
    await Promise.all(storages.map((storage) => storage.close()))
    await client?.close()
    await engine?.stop()
  })

  async function open(argv: readonly string[] = []): Promise<OpenStorage> {
    const flags = ['--es.replicas=0', ...argv, `--es.server-urls=${engine.url}`]
    const { values } = parseFlags(elasticsearchStorage.flags, flags, {})
    const storage = await elasticsearchStorage.open({ flags: values, logger: silentLogger, version: '0.0.0', metrics: createMetrics() })
    storages.push(storage)
    return storage
  }

  const originAt = (offset: bigint, timestampMs = 1): Origin => ({ logId: 'log', topic: 'topic', partition: 0, offset, timestampMs })
  const metrics = (series: readonly TimeSeries[], origin: Origin): Delivery => ({
    kind: 'metrics',
    key: 'k',
    value: compress(encodeWriteRequest(series)),
    headers: {},
    position: 0,
    origin,
  })
  const logs = (streams: readonly LogStream[], origin: Origin): Delivery => ({
    kind: 'logs',
    key: 'k',
    value: compress(encodePushRequest(streams)),
    headers: {},
    position: 0,
    origin,
  })
  const series = (cluster: string, name: string, values: readonly number[]): TimeSeries => ({
    labels: [
      ['__name__', name],
      ['cluster', cluster],
    ],
    samples: values.map((value, at) => ({ timestampMs: NOW_MS + at, value })),
  })

  /** Every document of these indices, oldest first. */
  async function documents(index: string, sort = '@timestamp'): Promise<readonly Found[]> {
    await client.indices.refresh({ index })
    const { hits } = await client.search<Record<string, unknown>>({ index, size: 10_000, sort: [{ [sort]: 'asc' }] })
    return hits.hits.map((hit) => ({ index: hit['_index'], source: hit['_source'] ?? {} }))
  }
  const count = async (index: string, query: object): Promise<number> => (await client.count({ index, query })).count

  test('writes documents as they should be, into the data stream of each cluster', async () => {
    const storage = await open()
    await storage.check?.(signal)
    await storage.sinks.metrics?.write(
      [
        metrics([series('Prod-EU', 'load', [0.42, Number.NaN, Infinity])], originAt(1n)),
        metrics([series('a/b c', 'load', [1]), series('', 'load', [2])], originAt(2n)),
      ],
      signal,
    )
    const expected = { name: 'load', cluster: 'Prod-EU', labels: { cluster: 'Prod-EU' } }
    const found = await documents('metrics-clymene.samples-prod-eu')
    expect(found.map((hit) => hit.source)).toEqual([
      { ...expected, '@timestamp': NOW_MS, value: 0.42 },
      { ...expected, '@timestamp': NOW_MS + 1, value_text: 'NaN' },
      { ...expected, '@timestamp': NOW_MS + 2, value_text: '+Inf' },
    ])
    expect(found.map((hit) => hit.index.startsWith('.ds-metrics-clymene.samples-prod-eu-'))).toEqual([true, true, true])
    expect((await documents('metrics-clymene.samples-a_b_c')).map((hit) => hit.source)).toMatchObject([{ labels: { cluster: 'a/b c' } }])
    expect((await documents('metrics-clymene.samples-default')).map((hit) => hit.source)).toMatchObject([{ value: 2 }])

    await storage.sinks.logs?.write(
      [
        logs(
          [
            {
              labels: [
                ['app', 'web'],
                ['cluster', 'c1'],
              ],
              entries: [
                { timestampNs: BigInt(NOW_MS) * 1_000_000n + 1n, line: 'GET / 200' },
                { timestampNs: BigInt(NOW_MS) * 1_000_000n + 2n, line: 'GET / 500', metadata: [['trace', 'abc']] },
              ],
            },
          ],
          originAt(3n),
        ),
      ],
      signal,
    )
    const lines = await documents('logs-clymene.lines-c1')
    expect(lines.map((hit) => hit.source)).toEqual([
      { '@timestamp': '2026-09-21T14:13:20.000000001Z', cluster: 'c1', labels: { app: 'web', cluster: 'c1' }, message: 'GET / 200' },
      {
        '@timestamp': '2026-09-21T14:13:20.000000002Z',
        cluster: 'c1',
        labels: { app: 'web', cluster: 'c1' },
        metadata: { trace: 'abc' },
        message: 'GET / 500',
      },
    ])
    // Found by label, by word and by number: the mapping is the template's.
    expect(await count('logs-clymene.lines-*', { term: { 'labels.app': 'web' } })).toBe(2)
    expect(await count('logs-clymene.lines-*', { match: { message: '500' } })).toBe(1)
    expect(await count('logs-clymene.lines-*', { term: { 'metadata.trace': 'abc' } })).toBe(1)
    expect(await count('metrics-clymene.samples-*', { range: { value: { gt: 0.4, lt: 0.5 } } })).toBe(1)
  })

  test('installs its templates, and what an operator adds survives a restart', async () => {
    await client.cluster.putComponentTemplate({
      name: 'metrics-clymene.samples@custom',
      template: { mappings: { properties: { extra: { type: 'keyword' } } } },
    })
    const storage = await open(['--es.retention=30d'])
    await storage.sinks.metrics?.write([metrics([series('custom', 'up', [1])], originAt(10n))], signal)
    const { index_templates: templates } = await client.indices.getIndexTemplate({ name: '*clymene*' })
    expect(templates.map(({ name }) => name).toSorted()).toEqual(['logs-clymene.lines', 'metrics-clymene.samples'])
    const [mapping] = Object.values(await client.indices.getMapping({ index: 'metrics-clymene.samples-custom' }))
    expect(mapping?.mappings.properties).toMatchObject({
      extra: { type: 'keyword' },
      labels: { type: 'flattened' },
      value: { type: 'double' },
    })
    expect(mapping?.mappings.dynamic).toBe('false')
  })

  test('a repeat is known, also by a process that began later', async () => {
    const write = [metrics([series('repeat', 'up', [1, 2, 3])], originAt(20n)), metrics([series('repeat', 'up', [4])], originAt(21n))]
    await (await open()).sinks.metrics?.write(write, signal)
    await (await open()).sinks.metrics?.write(write, signal)
    await (await open(['--es.bulk.actions=1'])).sinks.metrics?.write(write.slice(1), signal)
    expect(await documents('metrics-clymene.samples-repeat')).toHaveLength(4)
  })

  test('a topic that was made anew has the same offsets, at other times, and loses nothing', async () => {
    const storage = await open()
    await storage.sinks.metrics?.write([metrics([series('anew', 'up', [1])], originAt(0n, 1_000))], signal)
    await storage.sinks.metrics?.write([metrics([series('anew', 'up', [2])], originAt(0n, 2_000))], signal)
    expect(new Set((await documents('metrics-clymene.samples-anew')).map((hit) => hit.source['value']))).toEqual(new Set([1, 2]))
  })

  test('what Elasticsearch refuses is named, and the rest is there', async () => {
    const storage = await open()
    const entries = [
      { timestampNs: BigInt(NOW_MS) * 1_000_000n, line: 'fine' },
      // date_nanos begins in 1970.
      { timestampNs: -1_000_000_000n, line: 'too old' },
      { timestampNs: BigInt(NOW_MS) * 1_000_000n, line: 'fine too' },
    ]
    const write = storage.sinks.logs?.write([logs([{ labels: [['cluster', 'refused']], entries }], originAt(30n))], signal)
    const error: unknown = await write?.catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      name: 'PermanentError',
      refused: [{ delivery: 0, record: 1, reason: expect.stringMatching(/^document_parsing_exception: .*@timestamp/) }],
    })
    expect((await documents('logs-clymene.lines-refused')).map((hit) => hit.source['message'])).toEqual(['fine', 'fine too'])
  })

  test('long label values and odd label names are taken', async () => {
    const storage = await open()
    const labels = [
      ['__name__', 'up'],
      ['__proto__', 'p'],
      ['a.b', 'dot'],
      ['cluster', 'odd'],
      ['long', '한'.repeat(20_000)],
    ] as const
    await storage.sinks.metrics?.write([metrics([{ labels, samples: [{ timestampMs: NOW_MS, value: 1 }] }], originAt(40n))], signal)
    const [found] = await documents('metrics-clymene.samples-odd')
    expect(Object.keys(found?.source['labels'] ?? {})).toEqual(['__proto__', 'a.b', 'cluster', 'long'])
    expect(await count('metrics-clymene.samples-odd', { term: { 'labels.a.b': 'dot' } })).toBe(1)
  })

  test('many documents in many bulks are all there', async () => {
    const storage = await open(['--es.bulk.actions=500'])
    const many = Array.from({ length: 4 }, (_, part) =>
      metrics(
        [
          series(
            'many',
            'up',
            Array.from({ length: 1000 }, (__, at) => part * 1000 + at),
          ),
        ],
        originAt(BigInt(50 + part)),
      ),
    )
    await storage.sinks.metrics?.write(many, signal)
    await client.indices.refresh({ index: 'metrics-clymene.samples-many' })
    const { aggregations } = await client.search({
      index: 'metrics-clymene.samples-many',
      size: 0,
      aggs: { sum: { sum: { field: 'value' } }, values: { cardinality: { field: 'value', precision_threshold: 40_000 } } },
    })
    expect(await count('metrics-clymene.samples-many', { match_all: {} })).toBe(4000)
    expect(aggregations).toMatchObject({ sum: { value: 7_998_000 }, values: { value: 4000 } })
  })

  test('the original’s layout: two indices, flat documents', async () => {
    const storage = await open(['--es.mode=clymene', '--es.index-prefix=dev'])
    const write = [metrics([series('c1', 'load', [0.42])], originAt(60n))]
    for (let attempt = 0; attempt < 2; attempt++) await storage.sinks.metrics?.write(write, signal)
    await storage.sinks.logs?.write(
      [logs([{ labels: [['pod', 'web-0']], entries: [{ timestampNs: 1_000_000_001n, line: 'hello' }] }], originAt(61n))],
      signal,
    )
    expect((await documents('dev-clymene-metrics', 'timestamp')).map((hit) => hit.source)).toEqual([
      { __name__: 'load', cluster: 'c1', value: 0.42, timestamp: new Date(NOW_MS).toISOString() },
    ])
    expect((await documents('dev-clymene-logs', 'entries.ts')).map((hit) => hit.source)).toEqual([
      { pod: 'web-0', 'entries.ts': '1970-01-01T00:00:01.000000001Z', 'entries.line': 'hello', tenant: '', hash: '0' },
    ])
  })

  test('a server that goes away is tried again, and then nothing is missing or there twice', async () => {
    const storage = await open(['--es.timeout=2s'])
    const write = [metrics([series('away', 'up', [1, 2])], originAt(70n))]
    await storage.sinks.metrics?.write([metrics([series('away', 'up', [0])], originAt(69n))], signal)
    await engine.pause()
    const error: unknown = await storage.sinks.metrics?.write(write, signal).catch((reason: unknown) => reason)
    engine.resume()
    expect(error).toMatchObject({ name: 'RetryableError' })
    // The server may still be at the bulk that it was stopped in.
    await expect
      .poll(
        async () =>
          storage.sinks.metrics?.write(write, signal).then(
            () => 'stored',
            () => 'away',
          ),
        { timeout: 60_000 },
      )
      .toBe('stored')
    expect(await documents('metrics-clymene.samples-away')).toHaveLength(3)
  })

  const traits = { kinds: elasticsearchStorage.kinds, keepsOnce: true, keepsSpecialValues: true, isRemote: true, refuses: true }
  describeStorageContract('elasticsearch', traits, async () => ({
    open: () => openByFlags('elasticsearch', [`--es.server-urls=${engine.url}`, '--es.replicas=0']),
    openAway: () => openByFlags('elasticsearch', ['--es.server-urls=http://127.0.0.1:1']),
    metrics: async (cluster) =>
      (await held(`metrics-clymene.samples-${cluster}`)).map(({ source }) => ({
        labels: labelsOf(source),
        samples: [
          {
            timestampMs: Number(source['@timestamp']),
            value: Number(String(source['value'] ?? source['value_text']).replace('Inf', 'Infinity')),
          },
        ],
      })),
    logs: async (cluster) =>
      (await held(`logs-clymene.lines-${cluster}`)).map(({ source }) => ({
        labels: labelsOf(source),
        entries: [{ timestampNs: nanosOf(String(source['@timestamp'])), line: String(source['message']) }],
      })),
    refusal: (kind, cluster) => ({
      before: [],
      // A `flattened` field takes no name with a NUL; the name of a stream's label cannot have one, but date_nanos begins in 1970.
      mixed:
        kind === 'metrics'
          ? nulInName(cluster)
          : deliveryOf(kind, cluster, [
              ['a', 0, 'fine'],
              ['b', -3e9, 'refused'],
              ['c', 0, 'fine'],
            ]),
      refused: 1,
    }),
    stop: () => Promise.resolve(),
  }))

  const held = async (index: string): Promise<readonly Found[]> => ((await client.indices.exists({ index })) ? documents(index) : [])
  const labelsOf = (source: Found['source']): Label[] => Object.entries(source['labels'] ?? {})
  const nanosOf = (text: string): bigint => BigInt(Date.parse(`${text.slice(0, 19)}Z`)) * 1_000_000n + BigInt(text.slice(20, 29))
  const nulInName = (cluster: string): Delivery => {
    const odd: Label[] = [
      ['a\u0000', 'refused'],
      ['cluster', cluster],
    ]
    const delivery = metrics(
      [series(cluster, 'up', [1]), { labels: odd, samples: [{ timestampMs: NOW_MS, value: 2 }] }, series(cluster, 'down', [3])],
      originAt(80n),
    )
    return { ...delivery, headers: { records: 3 } }
  }
})
