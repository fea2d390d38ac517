import type { BusRecord, FlagSet, FlagValues, Storage } from '@clymene/model'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { encodeBatchJson } from '@clymene/wire'
import { expect, onTestFinished, test } from 'vitest'

import { cortexStorage } from '../cortex/cortex.ts'
import { createBatchHandler } from '../delivery/delivery.ts'
import { lokiStorage } from '../loki/loki.ts'
import { startHttpReceiver } from '../testing/http-receiver.ts'
import { busRecord, line, logsBlock, metricsBlock, numbered, sample } from '../testing/messages.ts'
import { openWith } from '../testing/open.ts'

const never = new AbortController().signal

/** Delivers the records as the ingester does; the tenant of each request, and what ended as a dead letter. */
async function deliver<F extends FlagSet>(
  storage: Storage<F>,
  values: (url: URL) => Partial<FlagValues<F>>,
  records: readonly BusRecord[],
) {
  const receiver = await startHttpReceiver()
  onTestFinished(receiver.stop)
  const open = await openWith(storage, values(new URL(receiver.url)))
  onTestFinished(open.close)
  const dead: string[] = []
  const kind = records[0]?.kind ?? 'logs'
  const handle = createBatchHandler({
    bus: { produce: async (_, envelopes) => void dead.push(...envelopes.map(({ headers }) => headers.tenant ?? '')) },
    topic: 'topic',
    kind,
    storage: storage.name,
    sink: open.sinks[kind] ?? { write: () => Promise.reject(new Error('no sink')) },
    metrics: createMetrics(),
    logger: silentLogger,
  })
  await handle({ topic: 'topic', partition: 0, takeover: false, records }, never)
  return { tenants: receiver.requests.map(({ headers }) => headers['x-scope-orgid']), dead }
}

const intoLoki = (records: readonly BusRecord[], tenant = '') =>
  deliver(lokiStorage, (url) => ({ 'loki.client.url': url, 'loki.client.tenant-id': tenant }), records)

const goLogs = (tenant: string, offset: number): BusRecord =>
  busRecord(encodeBatchJson([line('a', BigInt(offset), 'x')], tenant), offset, {}, '', 'logs')
const ourLogs = (tenant: string, sequence: number): BusRecord =>
  busRecord(logsBlock([line('a', BigInt(sequence), 'x')]), sequence, numbered(sequence, { tenant }), 'k', 'logs')

test('the tenantID of a message of Go Clymene, which has no headers, is the tenant of the request', async () => {
  expect(await intoLoki([goLogs('shop', 0), goLogs('', 1), goLogs('bank', 2)])).toEqual({ tenants: ['shop', undefined, 'bank'], dead: [] })
})

test('one body holds one tenant', async () => {
  const records = [ourLogs('shop', 1), ourLogs('shop', 2), ourLogs('bank', 3), ourLogs('bank', 4), ourLogs('', 5), ourLogs('shop', 6)]
  expect(await intoLoki(records)).toEqual({ tenants: ['shop', 'bank', undefined, 'shop'], dead: [] })
})

test('a fixed tenant is that of everything', async () => {
  const { tenants } = await intoLoki([ourLogs('shop', 1), goLogs('bank', 2), goLogs('', 3)], 'fixed')
  expect(new Set(tenants)).toEqual(new Set(['fixed']))
})

test('metrics alike', async () => {
  const record = (tenant: string, sequence: number): BusRecord =>
    busRecord(metricsBlock([sample('a', sequence)]), sequence, numbered(sequence, { tenant }))
  const records = [record('shop', 1), record('bank', 2)]
  const into = (tenant: string) =>
    deliver(cortexStorage, (url) => ({ 'cortex.distributor.url': url, 'cortex.distributor.tenant-id': tenant }), records)
  expect(await into('')).toEqual({ tenants: ['shop', 'bank'], dead: [] })
  expect(new Set((await into('fixed')).tenants)).toEqual(new Set(['fixed']))
})

test('a tenant that no header can carry is a dead letter, and does not hold up the others', async () => {
  expect(await intoLoki([goLogs('shop', 0), goLogs('two\r\nlines', 1), goLogs('東京', 2), goLogs('bank', 3)])).toEqual({
    tenants: ['shop', 'bank'],
    dead: ['two\r\nlines', '東京'],
  })
})
