import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { ConfigError, PermanentError, RetryableError, type OpenStorage } from '@clymene/model'
import { createMetrics, parseFlags, silentLogger } from '@clymene/runtime'
import { compress } from '@clymene/wire'
import { describe, expect, onTestFinished, test } from 'vitest'

import { startHttpReceiver, type ReceivedRequest } from '../testing/http-receiver.ts'
import { line, logsDelivery, metricsDelivery, sample } from '../testing/messages.ts'
import { elasticsearchFlags } from './flags.ts'
import { itemOutcome } from './item-outcome.ts'
import { elasticsearchStorage } from './storage.ts'

type Item = { readonly status: number; readonly error?: { readonly type: string; readonly reason: string } }
type Action = { readonly create: Readonly<Record<'_index' | '_id', string>> }

const { signal } = new AbortController()
const created: Item = { status: 201 }
const conflict: Item = { status: 409, error: { type: 'version_conflict_engine_exception', reason: 'document already exists' } }
const busy: Item = { status: 429, error: { type: 'es_rejected_execution_exception', reason: 'queue full' } }
const parsing = (reason: string): Item => ({ status: 400, error: { type: 'document_parsing_exception', reason } })

function openStorage(url: string, argv: readonly string[] = []): Promise<OpenStorage> {
  const { values } = parseFlags(elasticsearchFlags, [`--es.server-urls=${url}`, ...argv], {})
  return elasticsearchStorage.open({ flags: values, logger: silentLogger, version: '9.9.9', metrics: createMetrics() })
}

/** Answers as Elasticsearch does: templates are taken, a bulk gets an item a document from `answer`. */
async function fakeElasticsearch(
  options: {
    readonly answer?: (id: string, document: Readonly<Record<string, unknown>>) => Item
    readonly instead?: (request: ReceivedRequest, response: ServerResponse) => boolean
    readonly argv?: readonly string[]
  } = {},
) {
  const documents = new Map<string, Readonly<Record<string, unknown>>>()
  const answerItem = (id: string, document: Readonly<Record<string, unknown>>): Item => {
    if (documents.has(id)) return conflict
    const item = options.answer?.(id, document) ?? created
    if (item === created) documents.set(id, document)
    return item
  }
  const server = await startHttpReceiver((request, response) => {
    response.setHeader('x-elastic-product', 'Elasticsearch')
    response.setHeader('content-type', 'application/vnd.elasticsearch+json; compatible-with=8')
    if (options.instead?.(request, response) === true) return
    if (!request.path.startsWith('/_bulk')) {
      response.end('{"acknowledged":true}')
      return
    }
    const lines = request.body.toString().trimEnd().split('\n')
    const items = lines.flatMap((text, at) => {
      if (at % 2 === 1) return []
      const { create: action }: Action = JSON.parse(text)
      return [{ create: answerItem(action['_id'], JSON.parse(lines[at + 1] ?? '')) }]
    })
    response.end(JSON.stringify({ items }))
  })
  const storage = await openStorage(server.url, options.argv)
  onTestFinished(async () => {
    await storage.close()
    await server.stop()
  })
  const bulks = () => server.requests.filter(({ path }) => path.startsWith('/_bulk'))
  return { server, storage, documents, bulks, metrics: storage.sinks.metrics!, logs: storage.sinks.logs! }
}

const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  )
const origin = { logId: 'l', topic: 't', partition: 0, offset: 1n, timestampMs: 5 }
const withOrigin = (names: readonly string[]) => ({ ...metricsDelivery(names.map((name) => sample(name, 1))), origin })

describe('a write', () => {
  test('is one document a sample, with the place as its id', async () => {
    const { metrics, documents, bulks } = await fakeElasticsearch()
    await metrics.write([withOrigin(['a', 'b']), { ...withOrigin(['c']), origin: { ...origin, offset: 2n }, position: 7 }], signal)
    expect(bulks()).toHaveLength(1)
    expect([...documents.values()]).toEqual(['a', 'b', 'c'].map((i) => ({ '@timestamp': 1, name: 'up', labels: { i }, value: 1 })))
    const ids = [...documents.keys()].map((id) => [id.slice(0, 27), id.slice(28)])
    expect(ids.map(([, position]) => position)).toEqual(['0', '1', '7'])
    expect(ids[0]?.[0]).toBe(ids[1]?.[0])
    expect(ids[2]?.[0]).not.toBe(ids[0]?.[0])
  })

  test('is one document a line; tenant and metadata are kept', async () => {
    const { logs, documents } = await fakeElasticsearch()
    await logs.write([{ ...logsDelivery([line('x', 1n, 'one'), line('x', 2n, 'two')], { tenant: 'team' }), origin }], signal)
    expect([...documents.values()]).toEqual([
      { '@timestamp': '1970-01-01T00:00:00.000000001Z', tenant: 'team', labels: { app: 'x' }, message: 'one' },
      { '@timestamp': '1970-01-01T00:00:00.000000002Z', tenant: 'team', labels: { app: 'x' }, message: 'two' },
    ])
  })

  test('is cut into bulks, one after another', async () => {
    const { metrics, documents, bulks } = await fakeElasticsearch({ argv: ['--es.bulk.actions=3'] })
    await metrics.write([withOrigin(['a', 'b', 'c', 'd']), { ...withOrigin(['e', 'f', 'g']), origin: { ...origin, offset: 2n } }], signal)
    expect(bulks().map(({ body }) => body.toString().split('\n').length - 1)).toEqual([6, 6, 2])
    expect([...documents.values()].map((document) => document['labels'])).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((i) => ({ i })))
  })

  test('is cut by bytes too', async () => {
    const { logs, bulks } = await fakeElasticsearch({ argv: ['--es.bulk.size=10KiB'] })
    await logs.write([logsDelivery(Array.from({ length: 30 }, (_, at) => line('x', BigInt(at), 'x'.repeat(1000))))], signal)
    expect(bulks().length).toBeGreaterThan(3)
    for (const { body } of bulks()) expect(body.length).toBeLessThanOrEqual(10 * 1024)
  })

  test('a second time meets its own documents', async () => {
    const { metrics, documents } = await fakeElasticsearch()
    for (let attempt = 0; attempt < 2; attempt++) await metrics.write([withOrigin(['a', 'b'])], signal)
    expect(documents.size).toBe(2)
  })

  test('carries the credentials and says who it is', async () => {
    const { server, metrics } = await fakeElasticsearch({ argv: ['--es.username=u', '--es.password=p'] })
    await metrics.write([withOrigin(['a'])], signal)
    for (const { headers } of server.requests) {
      expect(headers.authorization).toBe(`Basic ${Buffer.from('u:p').toString('base64')}`)
      expect(headers['user-agent']).toBe('Clymene/9.9.9')
    }
  })

  test('in the original’s layout installs nothing', async () => {
    const { server, metrics, bulks } = await fakeElasticsearch({ argv: ['--es.mode=clymene', '--es.index-prefix=dev'] })
    await metrics.write([withOrigin(['a'])], signal)
    expect(server.requests).toHaveLength(1)
    expect(bulks()[0]?.body.toString()).toContain('"_index":"dev-clymene-metrics"')
  })
})

describe('index templates', () => {
  const templates = (requests: readonly ReceivedRequest[]) => requests.filter(({ method }) => method === 'PUT').map(({ path }) => path)
  const all = ['metrics-clymene.samples', 'logs-clymene.lines'].flatMap((name) => [
    `/_component_template/${name}`,
    `/_index_template/${name}`,
  ])

  test('are installed before the first write, once', async () => {
    const { server, metrics, logs } = await fakeElasticsearch({ argv: ['--es.retention=30d', '--es.replicas=0'] })
    await Promise.all([metrics.write([withOrigin(['a'])], signal), logs.write([logsDelivery([line('x', 1n, 'l')])], signal)])
    await metrics.write([withOrigin(['b'])], signal)
    expect(templates(server.requests)).toEqual(all)
    expect(server.requests.slice(0, 4).map(({ method }) => method)).toEqual(['PUT', 'PUT', 'PUT', 'PUT'])
    const [component, index] = server.requests.map(({ body }): unknown =>
      body.length === 0 ? undefined : JSON.parse(body.toString().split('\n', 1)[0] ?? ''),
    )
    expect(component).toMatchObject({
      template: {
        settings: { index: { number_of_replicas: 0 } },
        lifecycle: { data_retention: '30d' },
        mappings: { dynamic: false, properties: { labels: { type: 'flattened' }, value: { type: 'double' } } },
      },
    })
    expect(index).toMatchObject({
      index_patterns: ['metrics-clymene.samples-*'],
      data_stream: {},
      composed_of: ['metrics-clymene.samples', 'metrics-clymene.samples@custom'],
      ignore_missing_component_templates: ['metrics-clymene.samples@custom'],
    })
  })

  test('that are refused hold the write back, for an operator; the next write asks again', async () => {
    let refuse = true
    const { metrics, documents } = await fakeElasticsearch({
      instead: ({ path }, response) => {
        if (!refuse || !path.startsWith('/_index_template')) return false
        response.writeHead(400).end('{"error":{"type":"illegal_argument_exception","reason":"conflicts with"},"status":400}')
        return true
      },
    })
    const error = await failure(metrics.write([withOrigin(['a'])], signal))
    expect(error).toBeInstanceOf(RetryableError)
    expect(error).toMatchObject({ needsOperator: true, status: 400 })
    expect(documents.size).toBe(0)
    refuse = false
    await metrics.write([withOrigin(['a'])], signal)
    expect(documents.size).toBe(1)
  })

  test('are installed again when Elasticsearch misses the index', async () => {
    let missing = true
    const { server, metrics } = await fakeElasticsearch({
      answer: () => (missing ? { status: 404, error: { type: 'index_not_found_exception', reason: 'no such index' } } : created),
    })
    expect(await failure(metrics.write([withOrigin(['a'])], signal))).toMatchObject({ name: 'RetryableError', needsOperator: true })
    missing = false
    await metrics.write([withOrigin(['a'])], signal)
    expect(templates(server.requests)).toEqual([...all, ...all])
  })

  test('of a write that was stopped do not stop another', async () => {
    const asked = Promise.withResolvers<void>()
    let held: ServerResponse | undefined
    const { metrics, documents } = await fakeElasticsearch({
      instead: (_, response) => {
        if (held !== undefined) return false
        held = response
        asked.resolve()
        return true
      },
    })
    const stop = new AbortController()
    const first = failure(metrics.write([withOrigin(['a'])], stop.signal))
    const second = metrics.write([{ ...withOrigin(['b']), origin: { ...origin, offset: 2n } }], signal)
    await asked.promise
    stop.abort(new Error('rebalance'))
    expect(await first).toMatchObject({ message: 'rebalance' })
    await second
    expect(documents.size).toBe(1)
  })
})

describe('items that fail', () => {
  test('for their content are named, all others are stored', async () => {
    const { metrics, documents } = await fakeElasticsearch({
      answer: (_, document) => (JSON.stringify(document).includes('bad') ? parsing('failed to parse field [value]') : created),
      argv: ['--es.bulk.actions=2'],
    })
    const error = await failure(
      metrics.write([withOrigin(['a', 'bad', 'b']), { ...withOrigin(['c', 'bad']), origin: { ...origin, offset: 2n } }], signal),
    )
    expect(error).toBeInstanceOf(PermanentError)
    expect(error).toMatchObject({
      message: 'elasticsearch: 2 refused, the first: document_parsing_exception: failed to parse field [value]',
      refused: [
        { delivery: 0, record: 1, reason: 'document_parsing_exception: failed to parse field [value]' },
        { delivery: 1, record: 1, reason: 'document_parsing_exception: failed to parse field [value]' },
      ],
    })
    expect(documents.size).toBe(3)
  })

  test('for now make the write one to be tried again; then what was stored is not stored twice', async () => {
    let rejecting = 2
    const { metrics, documents } = await fakeElasticsearch({
      answer: (_, document) => {
        if (JSON.stringify(document).includes('bad')) return parsing('no')
        return rejecting-- > 0 ? busy : created
      },
    })
    const names = ['a', 'bad', 'b', 'c']
    const first = await failure(metrics.write([withOrigin(names)], signal))
    expect(first).toBeInstanceOf(RetryableError)
    expect(first).toMatchObject({ status: 429, needsOperator: false })
    expect(documents.size).toBe(1)
    expect(await failure(metrics.write([withOrigin(names)], signal))).toMatchObject({ refused: [{ delivery: 0, record: 1 }] })
    expect(documents.size).toBe(3)
  })

  const outcomes: readonly { item: Item | object; outcome: object }[] = [
    { item: { status: 201 }, outcome: { kind: 'stored' } },
    { item: { status: 200 }, outcome: { kind: 'stored' } },
    { item: conflict, outcome: { kind: 'stored' } },
    { item: parsing('x'), outcome: { kind: 'refused', reason: 'document_parsing_exception: x' } },
    { item: { status: 413, error: { type: 'too_large' } }, outcome: { kind: 'refused', reason: 'too_large: no reason' } },
    { item: { status: 422 }, outcome: { kind: 'refused', reason: 'no type: no reason' } },
    { item: busy, outcome: { kind: 'retry', needsOperator: false } },
    {
      item: { status: 503, error: { type: 'unavailable_shards_exception', reason: 'x' } },
      outcome: { kind: 'retry', needsOperator: false },
    },
    { item: { status: 500 }, outcome: { kind: 'retry', needsOperator: false } },
    {
      item: { status: 500, error: { type: 'fail_processor_exception', reason: 'no secrets here' } },
      outcome: { kind: 'refused', reason: 'fail_processor_exception: no secrets here' },
    },
    {
      item: { status: 500, error: { type: 'mapper_exception', reason: 'timed out while waiting for a dynamic mapping update' } },
      outcome: { kind: 'retry', needsOperator: false },
    },
    { item: { status: 408 }, outcome: { kind: 'retry', needsOperator: false } },
    {
      item: { status: 403, error: { type: 'cluster_block_exception', reason: 'read-only' } },
      outcome: { kind: 'retry', needsOperator: true },
    },
    { item: { status: 404, error: { type: 'index_not_found_exception', reason: 'x' } }, outcome: { kind: 'retry', needsOperator: true } },
    {
      item: { status: 400, error: { type: 'validation_exception', reason: 'maximum shards open' } },
      outcome: { kind: 'retry', needsOperator: true },
    },
    { item: { status: 400, error: { type: 'index_closed_exception', reason: 'x' } }, outcome: { kind: 'retry', needsOperator: true } },
    { item: { status: 200, error: { type: 'odd', reason: 'x' } }, outcome: { kind: 'retry' } },
    { item: {}, outcome: { kind: 'retry', status: 0 } },
  ]
  test.each(outcomes)('$item', ({ item, outcome }) => {
    expect(itemOutcome(item)).toMatchObject(outcome)
  })
})

describe('bulks that fail', () => {
  const answer = (status: number, body: string, headers: Record<string, string> = {}) => ({
    instead: ({ path }: ReceivedRequest, response: ServerResponse): boolean => {
      if (!path.startsWith('/_bulk')) return false
      response.writeHead(status, headers).end(body)
      return true
    },
  })
  const cases: readonly { name: string; fake: ReturnType<typeof answer>; expected: object }[] = [
    { name: '429', fake: answer(429, '{}', { 'retry-after': '7' }), expected: { name: 'RetryableError', status: 429, retryAfterMs: 7000 } },
    {
      name: '503',
      fake: answer(503, 'away', { 'content-type': 'text/plain' }),
      expected: { name: 'RetryableError', status: 503, needsOperator: false },
    },
    { name: '401', fake: answer(401, '{}'), expected: { name: 'RetryableError', status: 401, needsOperator: true } },
    { name: '404', fake: answer(404, '{}'), expected: { name: 'RetryableError', status: 404, needsOperator: true } },
    { name: '413', fake: answer(413, ''), expected: { name: 'PermanentError', status: 413, refused: undefined } },
    {
      name: '400',
      fake: answer(400, '{"error":{"type":"x","reason":"y"}}'),
      expected: { name: 'PermanentError', status: 400, refused: undefined },
    },
    {
      name: 'fewer items than documents',
      fake: answer(200, '{"items":[{"create":{"status":201}}]}'),
      expected: { name: 'RetryableError', message: 'elasticsearch answered 1 items for 2' },
    },
    { name: 'no items', fake: answer(200, '{}'), expected: { name: 'RetryableError', message: 'elasticsearch answered 0 items for 2' } },
    { name: 'no JSON', fake: answer(200, '<html>'), expected: { name: 'RetryableError' } },
  ]
  test.each(cases)('$name', async ({ fake, expected }) => {
    const { metrics } = await fakeElasticsearch(fake)
    expect(await failure(metrics.write([withOrigin(['a', 'b'])], signal))).toMatchObject(expected)
  })

  test('nobody there', async () => {
    const { server, metrics, storage } = await fakeElasticsearch()
    await server.stop()
    expect(await failure(metrics.write([withOrigin(['a'])], signal))).toBeInstanceOf(RetryableError)
    expect(await failure(storage.check!(signal))).toBeInstanceOf(RetryableError)
  })

  test('another product', async () => {
    const server = await startHttpReceiver((_, response) => void response.end('{}'))
    const storage = await openStorage(server.url)
    onTestFinished(async () => {
      await storage.close()
      await server.stop()
    })
    const error = await failure(storage.sinks.metrics!.write([withOrigin(['a'])], signal))
    expect(error).toMatchObject({
      name: 'RetryableError',
      needsOperator: true,
      message: expect.stringContaining('not as Elasticsearch 8 or 9 does'),
    })
  })

  test('no answer in time', async () => {
    const { metrics } = await fakeElasticsearch({ instead: () => true, argv: ['--es.timeout=50ms'] })
    expect(await failure(metrics.write([withOrigin(['a'])], signal))).toBeInstanceOf(RetryableError)
  })

  test('stopped while on its way', async () => {
    const asked = Promise.withResolvers<void>()
    const { metrics } = await fakeElasticsearch({
      instead: ({ path }) => {
        if (path.startsWith('/_bulk')) asked.resolve()
        return path.startsWith('/_bulk')
      },
    })
    const stop = new AbortController()
    const write = failure(metrics.write([withOrigin(['a'])], stop.signal))
    await asked.promise
    const reason = new Error('stopping')
    stop.abort(reason)
    expect(await write).toBe(reason)
  })

  test('a message that is damaged, and one that would be too large', async () => {
    const { metrics, bulks } = await fakeElasticsearch()
    const damaged = { ...withOrigin(['a']), value: compress(Buffer.from([0x0a, 100])) }
    expect(await failure(metrics.write([damaged], signal))).toBeInstanceOf(PermanentError)
    // A snappy block that claims 4 GiB.
    const large = { ...withOrigin(['a']), value: Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0]) }
    expect(await failure(metrics.write([large], signal))).toBeInstanceOf(PermanentError)
    expect(bulks()).toHaveLength(0)
  })

  test('labels of a stream that are none', async () => {
    const { logs, documents } = await fakeElasticsearch()
    const odd = Buffer.from([0x0a, 8, 0x0a, 4, ...Buffer.from('oops'), 0x12, 0])
    const error = await failure(logs.write([{ ...logsDelivery([]), value: compress(odd) }, logsDelivery([line('x', 1n, 'fine')])], signal))
    expect(error).toMatchObject({ refused: [{ delivery: 0, record: 0, reason: expect.stringContaining('labels: ') }] })
    expect(documents.size).toBe(1)
  })
})

describe('configuration', () => {
  test('answers for itself', async () => {
    const { storage } = await fakeElasticsearch()
    await expect(storage.check?.(signal)).resolves.toBeUndefined()
  })

  test('all mistakes at once, no secret in any', async () => {
    const error = await failure(
      openStorage('not-a-url', [
        '--es.token-file=/nowhere/token',
        '--es.username=u',
        '--es.password=hush',
        '--es.tls.enabled',
        '--es.tls.ca=/nowhere/ca',
        '--es.tls.cert=/nowhere/cert',
      ]),
    )
    expect(error).toBeInstanceOf(ConfigError)
    expect(error).toMatchObject({
      mistakes: [
        '--es.server-urls: expected an absolute URL such as http://host:port/path',
        '--es.token-file: cannot read /nowhere/token: no such file',
        '--es.token-file: expected this or --es.username, found both',
        '--es.tls.ca: cannot read /nowhere/ca: no such file',
        '--es.tls.cert: cannot read /nowhere/cert: no such file',
        '--es.tls.key: expected a file, as --es.tls.cert is given',
      ],
    })
    expect(String(error)).not.toContain('hush')
  })

  test('a token from a file', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'clymene-es-'))
    onTestFinished(() => rm(directory, { recursive: true }))
    writeFileSync(join(directory, 'token'), 'secret\r\n')
    const { server, metrics } = await fakeElasticsearch({ argv: [`--es.token-file=${join(directory, 'token')}`] })
    await metrics.write([withOrigin(['a'])], signal)
    expect(server.requests[0]?.headers.authorization).toBe('Bearer secret')
  })

  test('flags of the original that do nothing are taken, with the reason', () => {
    const argv = ['--es.sniffer', '--es.bulk.workers=4', '--es-archive.server-urls=http://x', '--es-archive.enabled', '--es.version=7']
    const { warnings } = parseFlags(elasticsearchFlags, argv, {})
    expect(warnings).toHaveLength(5)
    expect(Object.keys(elasticsearchFlags).filter((name) => name.startsWith('es-archive.'))).toHaveLength(22)
  })
})
