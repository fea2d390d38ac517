import type { TlsOptions } from '@clymene/runtime'
import { Client } from '@elastic/elasticsearch'

import { AnswerSerializer } from './created-answer.ts'
import type { ElasticsearchFlagValues } from './settings.ts'

/** The client: no retries, no sniffing of its own; deciding that is the caller's. Credentials come with each request. */
export const openClient = (flags: ElasticsearchFlagValues, tls: TlsOptions | undefined, version: string): Client =>
  new Client({
    nodes: [...flags['es.server-urls']],
    maxRetries: 0,
    // The client has no word for "none"; a day is one.
    requestTimeout: flags['es.timeout'] === 0 ? 86_400_000 : flags['es.timeout'],
    headers: { 'user-agent': `Clymene/${version}` },
    // Says which client library this is in a header of every request; nobody here reads it.
    enableMetaHeader: false,
    Serializer: AnswerSerializer,
    ...(tls === undefined ? {} : { tls }),
  })
