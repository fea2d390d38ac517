import type { Flag } from '@clymene/model'
import { accessFlags, flag } from '@clymene/runtime'

const access = accessFlags('es')

const effective = {
  'es.server-urls': flag.list('http://127.0.0.1:9200', 'Elasticsearch addresses, whole URLs; a request goes to one of them'),
  'es.username': access['es.username'],
  'es.password': access['es.password'],
  'es.token-file': access['es.token-file'],
  'es.timeout': flag.duration('30s', 'Limit of one request; 0 is none'),
  'es.bulk.size': flag.bytes('5000000', 'Bytes of one bulk request at most'),
  'es.bulk.actions': flag.int(1000, 'Documents of one bulk request at most', { min: 1 }),
  'es.tls.enabled': flag.bool(false, 'Use the TLS settings below; without it only --es.tls.ca counts'),
  'es.tls.ca': access['es.tls.ca'],
  'es.tls.cert': access['es.tls.cert'],
  'es.tls.key': access['es.tls.key'],
  'es.tls.server-name': access['es.tls.server-name'],
  'es.tls.skip-host-verify': access['es.tls.skip-host-verify'],
}

const INDEX_FLAGS = {
  'es.clymene-agent.index.name': flag.string('clymene-metrics', 'Index of metrics with --es.mode=clymene'),
  'es.clymene-promtail.index.name': flag.string('clymene-logs', 'Index of logs with --es.mode=clymene'),
  'es.index-prefix': flag.string('', 'Put before both, with a dash, with --es.mode=clymene'),
}

const OURS = {
  'es.password-file': access['es.password-file'],
  'es.token': access['es.token'],
  'es.headers': access['es.headers'],
  'es.headers-file': access['es.headers-file'],
  'es.mode': flag.oneOf(
    ['data-streams', 'clymene'],
    'data-streams',
    'Layout: a data stream a cluster, or the original’s two fixed indices',
  ),
  'es.create-templates': flag.bool(true, 'Install the index templates of the data streams; off when an operator does'),
  'es.retention': flag.string('', 'Time that the data streams keep documents, such as 30d; empty keeps them'),
  'es.replicas': flag.int(1, 'Replicas of the data streams’ indices'),
}

const ONE_BODY = 'a write is one body after another and waits for no interval'
const NO_READS = 'nothing is read'

const accepted = {
  'es.sniffer': flag.bool(false, 'Look for further nodes', { noEffect: 'the addresses of --es.server-urls are used' }),
  'es.sniffer-tls-enabled': flag.bool(false, 'TLS for the sniffer', { noEffect: 'the addresses of --es.server-urls are used' }),
  'es.bulk.workers': flag.int(1, 'Writers', { noEffect: ONE_BODY }),
  'es.bulk.flush-interval': flag.duration('200ms', 'Age of a bulk', { noEffect: ONE_BODY }),
  'es.version': flag.int(0, 'Version of the server', { noEffect: '8 and 9 are written to in the same way' }),
  'es.log-level': flag.oneOf(['debug', 'info', 'error'], 'error', 'Log level of the client', { noEffect: '--log-level is for all' }),
  'es.max-doc-count': flag.int(10_000, 'Documents of an answer', { noEffect: NO_READS }),
  'es.remote-read-clusters': flag.string('', 'Clusters to read from', { noEffect: NO_READS }),
}

type Archived<F> = { readonly [K in keyof F & string as K extends `es.${infer Rest}` ? `es-archive.${Rest}` : never]: F[K] }

/** The original opens a second client for these and uses it for nothing. */
function archived<F extends Readonly<Record<string, Flag<unknown>>>>(flags: F): Archived<F> {
  const entries = Object.entries(flags).map(([name, one]) => [
    name.replace(/^es\./, 'es-archive.'),
    { ...one, help: `As --${name}, for an archive`, noEffect: 'nothing uses the archive' },
  ])
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same flags under the names that the type says
  return Object.fromEntries(entries) as Archived<F>
}

/** Flags of Go Clymene, and ours for the data streams. */
export const elasticsearchFlags = {
  ...effective,
  ...INDEX_FLAGS,
  ...OURS,
  ...accepted,
  'es-archive.enabled': flag.bool(false, 'Write an archive', { noEffect: 'nothing uses the archive' }),
  ...archived({ ...effective, ...accepted }),
}
