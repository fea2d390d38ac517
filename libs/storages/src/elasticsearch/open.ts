import { RetryableError, type Kind, type OpenStorage, type Sink, type StorageContext } from '@clymene/model'

import { refuse } from '../flag-mistakes.ts'
import { createAsk } from './ask.ts'
import { openClient } from './client.ts'
import { clymeneLayout } from './clymene-layout.ts'
import { dataStreamLayout } from './data-stream-layout.ts'
import { createEntryDocuments } from './entry-documents.ts'
import type { elasticsearchFlags } from './flags.ts'
import { createSampleDocuments } from './sample-documents.ts'
import { createSendBulk } from './send-bulk.ts'
import { readSettings } from './settings.ts'
import { createElasticsearchSink } from './sink.ts'
import { createTemplates } from './templates.ts'

/** A message that takes more when unpacked is refused; a gateway's own limit comes long before. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024

/** @throws ConfigError for flags that do not fit together or files that cannot be read. */
export function openElasticsearch({ flags, logger, version }: StorageContext<typeof elasticsearchFlags>): OpenStorage {
  const { mistakes, access, idleFlags } = readSettings(flags)
  refuse(mistakes)
  for (const name of idleFlags) logger.warn('flag has no effect without --es.tls.enabled', { flag: `--${name}` })
  const urls = flags['es.server-urls'].map((url) => new URL(url))
  const { ask, close } = createAsk(urls, access, (tls) => openClient(flags, tls, version))
  const dataStreams = flags['es.mode'] === 'data-streams'
  const layout = dataStreams
    ? dataStreamLayout
    : clymeneLayout({
        metricsIndex: flags['es.clymene-agent.index.name'],
        logsIndex: flags['es.clymene-promtail.index.name'],
        prefix: flags['es.index-prefix'],
      })
  const templates =
    dataStreams && flags['es.create-templates']
      ? createTemplates(ask, { retention: flags['es.retention'], replicas: flags['es.replicas'] })
      : undefined
  const sink = (kind: Kind): Sink =>
    createElasticsearchSink({
      documents: kind === 'metrics' ? createSampleDocuments(layout) : createEntryDocuments(layout),
      send: createSendBulk(ask),
      templates,
      maxBulkBytes: flags['es.bulk.size'],
      maxBulkActions: flags['es.bulk.actions'],
      maxMessageBytes: MAX_MESSAGE_BYTES,
    })
  return {
    sinks: { metrics: sink('metrics'), logs: sink('logs') },
    check: async (signal) => {
      const there = await ask((one, options) => one.ping({}, options), signal)
      if (!there) throw new RetryableError('elasticsearch does not answer HEAD / with 200', { needsOperator: true })
    },
    close,
  }
}
