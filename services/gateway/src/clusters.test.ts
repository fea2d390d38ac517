import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

import type { Labels } from '@clymene/model'
import {
  compress,
  encodeBatchJson,
  encodeMetricsJson,
  encodePushRequest,
  encodeWriteRequest,
  formatStreamLabels,
  wrapBatch,
} from '@clymene/wire'
import { status as grpcStatus } from '@grpc/grpc-js'
import fc from 'fast-check'
import { afterAll, afterEach, describe, expect, test } from 'vitest'

import { LOGS_CALL, METRICS_CALL, metricOf, start, stopGateways } from './start.test-kit.ts'

const folder = mkdtempSync(join(tmpdir(), 'clymene-clusters-'))
afterEach(stopGateways)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const OWN = { authorization: 'Bearer the-token-of-cluster-one' }
const ANY = { authorization: 'Bearer a-token-for-any-cluster' }
const argv = ['--auth.tokens-file=' + join(folder, 'tokens.yml')]
writeFileSync(
  join(folder, 'tokens.yml'),
  'tokens:\n  - {token: the-token-of-cluster-one, cluster: c1, name: own}\n  - {token: a-token-for-any-cluster, name: any}\n',
  { mode: 0o600 },
)

type Gateway = Awaited<ReturnType<typeof start>>
type Headers = Readonly<Record<string, string>>
/** Sends a message with these labels, a series or stream each; gives the HTTP status or, as it stands in the one table, what gRPC says instead. */
type Way = {
  readonly name: string
  readonly kind: 'metrics' | 'logs'
  readonly send: (gateway: Gateway, all: readonly Labels[], headers: Headers) => Promise<Told>
}
type Told = { readonly status: number; readonly text: string }

const series = (all: readonly Labels[]) =>
  all.map((labels) => ({ labels: [['__name__', 'up'] as const, ...labels], samples: [{ timestampMs: 1, value: 1 }] }))
const streams = (all: readonly Labels[]) => all.map((labels) => ({ labels, entries: [{ timestampNs: 1n, line: 'x' }] }))
/** Labels as Loki's JSON has them. */
const lokiJson = (all: readonly Labels[]): Buffer =>
  // A plain object would lose __proto__.
  Buffer.from(
    `{"streams":[${all
      .map(
        (labels) =>
          `{"stream":{${labels.map((pair) => pair.map((text) => JSON.stringify(text)).join(':')).join(',')}},"values":[["1","x"]]}`,
      )
      .join(',')}]}`,
  )

const post =
  (path: string, bodyOf: (all: readonly Labels[]) => Buffer, more: Record<string, string> = {}): Way['send'] =>
  async (gateway, all, headers) => {
    const response = await gateway.post(path, bodyOf(all), { ...headers, ...more })
    return { status: response.status, text: (await response.text()).trim() }
  }
const call =
  (path: string, bodyOf: (all: readonly Labels[]) => Buffer): Way['send'] =>
  async (gateway, all, headers) => {
    const failure = await gateway.call(path, bodyOf(all), headers)
    return {
      status: failure === undefined ? 204 : failure.code === grpcStatus.PERMISSION_DENIED ? 403 : failure.code,
      text: failure?.details ?? '',
    }
  }

const metricsBlock = (all: readonly Labels[]) => compress(encodeWriteRequest(series(all)))
const logsBlock = (all: readonly Labels[]) => compress(encodePushRequest(streams(all)))
const gzip = { 'content-encoding': 'gzip' }
const WAYS: readonly Way[] = [
  { name: 'remote write', kind: 'metrics', send: post('/api/v1/write', metricsBlock) },
  { name: 'the path of agents', kind: 'metrics', send: post('/api/metrics', metricsBlock) },
  { name: 'remote write in gzip', kind: 'metrics', send: post('/api/v1/write', (all) => gzipSync(metricsBlock(all)), gzip) },
  { name: 'JSON of metrics', kind: 'metrics', send: post('/api/metrics', (all) => encodeMetricsJson(series(all))) },
  { name: 'metrics by gRPC', kind: 'metrics', send: call(METRICS_CALL, (all) => encodeWriteRequest(series(all))) },
  { name: 'Loki push', kind: 'logs', send: post('/loki/api/v1/push', logsBlock) },
  { name: 'Loki push as JSON', kind: 'logs', send: post('/loki/api/v1/push', lokiJson) },
  { name: 'Loki push as JSON in gzip', kind: 'logs', send: post('/loki/api/v1/push', (all) => gzipSync(lokiJson(all)), gzip) },
  { name: "the original's logs by HTTP", kind: 'logs', send: post('/api/logs', (all) => encodeBatchJson(streams(all), '')) },
  { name: "the original's logs by gRPC", kind: 'logs', send: call(LOGS_CALL, (all) => wrapBatch(encodeBatchJson(streams(all), ''))) },
  { name: 'logs by gRPC', kind: 'logs', send: call(LOGS_CALL, (all) => wrapBatch(logsBlock(all))) },
]

const C1: Labels = [['cluster', 'c1']]
const ZZ: Labels = [['cluster', 'zz']]
const NONE: Labels = [['job', 'x']]

describe.each(WAYS)('a token of one cluster and the labels of $name', ({ kind, send }) => {
  const cases: { name: string; all: readonly Labels[]; other?: string; headers?: Headers }[] = [
    { name: 'its own', all: [C1, C1, [['a', 'b'], ...C1]] },
    { name: 'none', all: [NONE, NONE] },
    { name: 'its own, and none', all: [C1, NONE] },
    { name: 'an empty one, which is none', all: [[...NONE, ['cluster', '']]] },
    { name: 'names that are like it', all: [[['cluster_name', 'zz'], ['clusters', 'zz'], ...C1]] },
    { name: '__proto__ with its name', all: [[['__proto__', 'zz'], ...C1]] },
    { name: 'another in the first', all: [ZZ, C1, C1], other: 'zz' },
    { name: 'another in the middle', all: [C1, ZZ, C1], other: 'zz' },
    { name: 'another in the last', all: [C1, NONE, ZZ], other: 'zz' },
    { name: 'another in the only one', all: [ZZ], other: 'zz' },
    { name: 'another behind the right header', all: [C1, ZZ], other: 'zz', headers: { 'clymene-cluster': 'c1' } },
    { name: 'one that begins as its own', all: [[['cluster', 'c1-east']]], other: 'c1-east' },
    { name: '__proto__ as a cluster', all: [[['cluster', '__proto__']]], other: '__proto__' },
    { name: 'a long one, cut', all: [[['cluster', 'x'.repeat(3000)]]], other: 'x'.repeat(128) },
    { name: 'one on two lines', all: [[['cluster', 'a\nb']]], other: 'a\\nb' },
  ]
  test.each(cases)('$name', async ({ all, other, headers = {} }) => {
    const gateway = await start({ argv })
    const told = await send(gateway, all, { ...OWN, ...headers })
    const word = kind === 'metrics' ? 'series' : 'stream'
    expect(told).toEqual(
      other === undefined
        ? { status: 204, text: '' }
        : { status: 403, text: `the token "own" is for cluster "c1", not for "${other}" (label of a ${word})` },
    )
    expect(gateway.written.map(({ headers: { cluster } }) => cluster)).toEqual(other === undefined ? ['c1'] : [])
    const received = (await gateway.metrics.registry.metrics()).match(/^clymene_gateway_received_records_total\{.*\} (\d+)$/m)?.[1]
    expect(Number(received ?? 0)).toBe(other === undefined ? all.length : 0)
    // A token of any cluster leaves the labels to the sender.
    expect(await send(gateway, all, ANY)).toEqual({ status: 204, text: '' })
  })
})

// What is refused is refused as a whole, so that nobody has to know which half was taken.
test('a label that comes twice is looked at twice, where a message can say it', async () => {
  const gateway = await start({ argv })
  const [write, push] = [post('/api/v1/write', metricsBlock), call(METRICS_CALL, (all) => encodeWriteRequest(series(all)))]
  for (const send of [write, push]) {
    expect((await send(gateway, [[...C1, ...ZZ]], OWN)).status).toBe(403)
    expect((await send(gateway, [[...ZZ, ...C1]], OWN)).status).toBe(403)
    expect((await send(gateway, [[...C1, ...C1]], OWN)).status).toBe(204)
  }
})

test('a stream whose labels cannot be read is not let through by a token of one cluster', async () => {
  const gateway = await start({ argv })
  const odd = '{#x=`\ncluster="zz",#`\n}'
  const text = formatStreamLabels([['a', 'b'.repeat(odd.length - 6)]])
  const body = encodePushRequest([{ labels: [['a', 'b'.repeat(odd.length - 6)]], entries: [{ timestampNs: 1n, line: 'x' }] }])
  const bytes = Buffer.from(body.toString('latin1').replace(text, odd), 'latin1')
  const statusOf = async (headers: Headers) => (await gateway.post('/loki/api/v1/push', compress(bytes), headers)).status
  expect(await statusOf(OWN)).toBe(400)
  expect(gateway.written).toEqual([])
})

test('of who sends for another cluster the log tells once in ten seconds, by address, whatever it says', async () => {
  const gateway = await start({ argv })
  const [write, transfer] = [WAYS[0]!, WAYS.at(-1)!]
  for (let count = 0; count < 5; count++) {
    await write.send(gateway, [[['cluster', `zz-${count}`]]], OWN)
    await transfer.send(gateway, [[['cluster', `zz-${count}`]]], OWN)
  }
  expect(gateway.lines.filter(({ message }) => /refused/.test(message))).toEqual(
    (['http', 'grpc'] as const).map((protocol) => ({
      level: 'warn',
      message: 'sender refused',
      fields: {
        protocol,
        peer: expect.stringContaining('1'),
        status: 403,
        error: `the token "own" is for cluster "c1", not for "zz-0" (label of a ${protocol === 'http' ? 'series' : 'stream'})`,
        repeated: 0,
      },
    })),
  )
  const counted = (protocol: string, kind: string) =>
    metricOf(gateway.metrics, `clymene_gateway_requests_total{protocol="${protocol}",kind="${kind}",status="403"}`)
  expect([await counted('http', 'metrics'), await counted('grpc', 'logs')]).toEqual([5, 5])
})

test('a message is let through if, and only if, all cluster labels in it are that of the token', async () => {
  const gateway = await start({ argv })
  const value = fc.constantFrom('c1', 'c1', 'c1', '', 'zz', 'c', 'C1', 'ü')
  const labels = fc.tuple(fc.array(fc.tuple(fc.constantFrom('a', 'clustes', '__proto__'), value), { maxLength: 2 }), fc.option(value))
  const message = fc.array(labels, { minLength: 1, maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(message, fc.constantFrom(...WAYS), async (all, { send }) => {
      const clusters = all.map(([, cluster]) => cluster)
      const lists = all.map(([others, cluster]): Labels => [
        ...new Map([['p', 'q'], ...others, ...(cluster === null ? [] : [['cluster', cluster] as const])]),
      ])
      const isOwn = clusters.every((cluster) => cluster === null || cluster === '' || cluster === 'c1')
      const before = gateway.written.length
      expect((await send(gateway, lists, OWN)).status).toBe(isOwn ? 204 : 403)
      expect(gateway.written.length - before).toBe(isOwn ? 1 : 0)
    }),
    { numRuns: 150 },
  )
})
