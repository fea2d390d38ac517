import type { HttpAccess } from '@clymene/runtime'
import { Client } from '@elastic/elasticsearch'

import type { ElasticsearchFlagValues } from './settings.ts'

/** The client: no retries, no sniffing of its own; deciding that is the caller's. Credentials come with each request. */
export function openClient(flags: ElasticsearchFlagValues, access: HttpAccess, version: string): Client {
  // The client has no word for "none"; a day is one.
  const requestTimeout = flags['es.timeout'] === 0 ? 86_400_000 : flags['es.timeout']
  const connect = access.connect?.(Math.min(requestTimeout, CONNECT_TIMEOUT_MS))
  // It knows no `connect`, but passes on what it does not know: so certificates are read for every connection, and not once.
  const agent = connect === undefined ? undefined : { connections: CONNECTIONS, connect }
  return new Client({
    nodes: [...flags['es.server-urls']],
    maxRetries: 0,
    requestTimeout,
    headers: { 'user-agent': `Clymene/${version}` },
    // Says which client library this is in a header of every request; nobody here reads it.
    enableMetaHeader: false,
    ...(agent === undefined ? {} : { agent }),
  })
}

/** Both as without certificates of our own. */
const CONNECT_TIMEOUT_MS = 10_000
const CONNECTIONS = 256
