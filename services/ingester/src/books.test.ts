import { createMetrics, createReadiness, parseFlags, silentLogger, startAdminServer } from '@clymene/runtime'
import { expect, test } from 'vitest'

import { openBooks } from './books.ts'
import { ingesterLedgerFlags } from './flags.ts'

const OWNER = { kind: 'metrics', storage: 's', group: 'g' } as const
const bus = { read: async function* () {}, lag: () => Promise.resolve([]) }

test('without a topic of the ledger there are no books, and one line says so', () => {
  const lines: string[] = []
  const host = {
    metrics: createMetrics(),
    logger: { ...silentLogger, info: (text: string) => void lines.push(text) },
    readiness: createReadiness(),
    admin: {
      address: { host: '', port: 0 },
      serveJson: () => expect.unreachable(),
      act: () => expect.unreachable(),
      serve: () => expect.unreachable(),
      close: () => Promise.resolve(),
    },
  }
  const values = parseFlags(ingesterLedgerFlags, ['--kafka.ledger.topic='], {}).values
  expect(openBooks(values, bus, { brokers: [], clientId: 'c' }, host)).toBeUndefined()
  expect(lines).toEqual(['no books are kept of what comes of each message, as --kafka.ledger.topic is empty'])
})

test('brokers that are away: the report says so, and nothing waits for them at the start or the stop', { timeout: 60_000 }, async () => {
  const metrics = createMetrics()
  const version = { version: '1', buildTime: '' }
  const address = { host: '127.0.0.1', port: 0 }
  const readiness = createReadiness()
  const admin = await startAdminServer({ address, flagName: 'f', metricsRoute: 'none', metrics, readiness, version })
  const { values } = parseFlags(ingesterLedgerFlags, [], {})
  const books = openBooks(values, bus, { brokers: ['127.0.0.1:1'], clientId: 'c' }, { metrics, logger: silentLogger, admin, readiness })
  const response = await fetch(`http://127.0.0.1:${admin.address.port}/api/ledger`)
  expect(response.status).toBe(503)
  expect(await response.json()).toMatchObject({ error: expect.any(String) })
  const taken = books?.ledger.take({ topic: 't', partition: 0, records: [], takeover: true }, OWNER, AbortSignal.timeout(20_000))
  taken?.catch(() => undefined)
  await expect.poll(readiness.remarks, { timeout: 20_000 }).toEqual([expect.stringMatching(/^ledger: the books cannot be read or saved/)])
  await books?.close()
  await admin.close()
})
