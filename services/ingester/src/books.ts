import { hostname } from 'node:os'

import { createKafkaLedgerStore, type KafkaBus, type KafkaConsumerOptions } from '@clymene/bus'
import type { LedgerReport } from '@clymene/ledger'
import type { FlagValues } from '@clymene/model'
import type { Host } from '@clymene/runtime'
import { openLedger, type OpenLedger } from '@clymene/storages'

import type { ingesterLedgerFlags } from './flags.ts'

/** Opens the books, and serves them at `/api/ledger`; undefined when there are none. Nothing is asked of the brokers yet. */
export function openBooks(
  values: FlagValues<typeof ingesterLedgerFlags>,
  bus: Pick<KafkaBus, 'read' | 'lag'>,
  connection: KafkaConsumerOptions['connection'],
  { admin, metrics, logger, readiness }: Pick<Host, 'admin' | 'metrics' | 'logger' | 'readiness'>,
): OpenLedger | undefined {
  const topic = values['kafka.ledger.topic']
  if (topic === '') {
    logger.info('no books are kept of what comes of each message, as --kafka.ledger.topic is empty')
    return undefined
  }
  const books = openLedger({ store: createKafkaLedgerStore({ connection, topic, logger }), bus, flags: values, metrics, logger })
  readiness.remark('ledger', books.trouble)
  admin.serveJson('/api/ledger', async (signal): Promise<LedgerReport> => {
    const booked = await books.report(signal)
    return { service: 'ingester', instance: hostname(), time: Date.now(), senders: [], ...booked }
  })
  return books
}
