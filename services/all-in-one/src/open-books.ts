import { join } from 'node:path'

import { createKafkaLedgerStore, kafkaConsumerOptions } from '@clymene/bus'
import { createDirectoryLedgerStore, ledgerReport } from '@clymene/ledger'
import type { Bus, FlagValues, LedgerStore } from '@clymene/model'
import { openLedger, type OpenLedger } from '@clymene/storages'

import type { allInOneFlags, kafkaFlags } from './flags.ts'
import type { ServiceContext } from './service-context.ts'

export type OpenBooksOptions = {
  readonly values: FlagValues<typeof allInOneFlags>
  /** Absent when the bus is embedded: then the books are files too. */
  readonly kafka: FlagValues<typeof kafkaFlags> | undefined
  readonly bus: Pick<Bus, 'read' | 'lag'>
  readonly context: Pick<ServiceContext, 'admin' | 'metrics' | 'logger' | 'readiness'>
}

/** The books of what becomes of each message behind the bus, told at `/api/ledger` of the ingester's admin port; undefined when there are none. */
export function openBooks({
  values,
  kafka,
  bus,
  context: { admin, metrics, logger, readiness },
}: OpenBooksOptions): OpenLedger | undefined {
  const store = storeOf(values, kafka, logger)
  if (store === undefined) return undefined
  const books = openLedger({ store, bus, flags: values, metrics, logger })
  readiness.remark('ledger', books.trouble)
  admin.serveJson('/api/ledger', async (signal) => ledgerReport({ service: 'ingester', ...(await books.report(signal)) }))
  return books
}

function storeOf(
  values: OpenBooksOptions['values'],
  kafka: OpenBooksOptions['kafka'],
  logger: OpenBooksOptions['context']['logger'],
): LedgerStore | undefined {
  if (kafka === undefined) return createDirectoryLedgerStore(join(values['data.dir'], 'ledger'))
  const topic = kafka['kafka.ledger.topic']
  return topic === '' ? undefined : createKafkaLedgerStore({ connection: kafkaConsumerOptions(kafka).connection, topic, logger })
}
