import type { Elsewhere } from '@clymene/runtime'

/** Flags of Promtail that the agent does not have, and what does the same: docs/logs.md has the table. */
const HERE: Readonly<Record<string, string>> = {
  'client.url': 'here --storage-type=loki --loki.client.url',
  'client.external-labels': 'here --clymene-promtail.external-labels',
  'client.tenant-id': 'here --clymene-promtail.tenant-id',
  'client.batch-wait': 'here --clymene-promtail.batch-wait',
  'client.batch-size-bytes': 'here --clymene-promtail.batch-size-bytes',
  'client.min-backoff': 'here --clymene-promtail.min-backoff',
  'client.max-backoff': 'here --clymene-promtail.max-backoff',
  'client.timeout': 'here --loki.client.timeout',
  'positions.file': 'here positions.filename of the configuration',
  'positions.sync-period': 'here positions.sync_period of the configuration',
  'target.sync-period': 'here target_config.sync_period of the configuration',
  'server.http-listen-port': 'here --admin.http.host-ports=:<port>',
  'server.http-listen-address': 'here --admin.http.host-ports=<address>:<port>',
  'log.level': 'here --log-level',
}
/** The same of those that take no value. */
const SWITCHES: Readonly<Record<string, string>> = {
  'check-syntax': 'here the word validate before the flags',
  'print-config-stderr': 'here --clymene-promtail.print-config-stderr',
  'log-config-reverse-order': 'here --clymene-promtail.print-config-stderr',
  version: 'here the word version',
  'server.enable-runtime-reload': 'here POST /reload on the admin port does so by itself',
}
/** Those that have no counterpart by a name of their own. */
const REST: readonly (readonly [prefix: string, here: string])[] = [
  ['client.', 'clymene from-promtail <configuration> prints the flags for what its clients say'],
  ['server.', 'here the flags --admin.http.…'],
  ['limit.', 'here limits_config of the configuration'],
  ['limits.', 'here limits_config of the configuration'],
  ['target-config.', 'here target_config of the configuration'],
]

/** What does here what a flag of Promtail does. */
export const promtailFlagHere: Elsewhere = (name) => {
  if (Object.hasOwn(SWITCHES, name)) return { here: SWITCHES[name] ?? '', takesValue: false }
  const here = Object.hasOwn(HERE, name) ? HERE[name] : REST.find(([prefix]) => name.startsWith(prefix))?.[1]
  return here === undefined ? undefined : { here, takesValue: true }
}
