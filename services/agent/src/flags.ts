import type { FlagSet } from '@clymene/model'
import { flag } from '@clymene/runtime'

/** What the agent reads and who it is. */
export const agentFlags = {
  'config.file': flag.file(
    '/etc/clymene/clymene.yml',
    'Scrape configuration, YAML of Prometheus; left out when it is not given and not there',
  ),
  'promtail.config.file': flag.file('', 'Log configuration, YAML of Promtail; empty collects no logs'),
  cluster: flag.string('', 'Value of the label `cluster` where neither relabelling nor external_labels sets one'),
  'agent.id': flag.string('', 'Name of this agent in the keys and headers of its messages; empty is the host name'),
  'agent.streams': flag.int(1, 'Over how many streams targets and files are divided; the messages of one stream stay in order', {
    min: 1,
    max: 256,
  }),
  'http.port': flag.address(':15692', 'Listen address of the reload API: POST /api/reload'),
} satisfies FlagSet

/** Where scraped samples wait until every storage has them. */
export const bufferFlags = {
  'buffer.dir': flag.file('./clymene-buffer', 'Folder of the buffer: samples that are not delivered yet, dead letters, sequence numbers'),
  'buffer.max-bytes': flag.bytes('1GiB', 'Largest size of the buffer'),
  'buffer.max-age': flag.duration('48h', 'Age at which samples leave the buffer'),
  'buffer.full': flag.oneOf(
    ['expire', 'refuse'],
    'expire',
    'A full buffer drops the oldest samples, or refuses new ones and so skips scrapes',
  ),
  'buffer.fsync-interval': flag.duration(
    '0s',
    'How often what was appended is synced to the disk; 0s syncs each time, more risks so much of the newest in a power cut',
  ),
  'buffer.drain-timeout': flag.duration('5s', 'How long the agent goes on sending when it is stopped; what is left stays in the buffer'),
} satisfies FlagSet

/** What becomes of lines: the flags of the original's promtail, and a limit that it has not. */
export const promtailFlags = {
  'logs.max-line-bytes': flag.bytes('256KiB', 'Longest log line; a longer one is cut there, counted and told once a minute'),
  'logs.all-nodes': flag.bool(
    false,
    'Pod discovery of log jobs asks for the pods of all nodes instead of the own one, which HOSTNAME names, else the host name',
  ),
  'clymene-promtail.batch-wait': flag.duration('1s', 'Age at which a batch of lines is sent', { alias: 'clymene-promtail.Batch-wait' }),
  'clymene-promtail.batch-size-bytes': flag.bytes('1048576', 'Bytes of lines at which a batch is sent', {
    alias: 'clymene-promtail.Batch-size-bytes',
  }),
  'clymene-promtail.external-labels': flag.pairs('', 'Labels of every line that does not have them, name=value,…'),
  'clymene-promtail.tenant-id': flag.string('', 'Tenant of lines that no stage gives one'),
  'clymene-promtail.min-backoff': flag.duration('500ms', 'Wait after the first failed write'),
  'clymene-promtail.max-backoff': flag.duration('5m', 'Longest wait after a failed write'),
  'clymene-promtail.max-retries': flag.int(10, 'Attempts', { noEffect: 'a batch is sent until the storage has it or refuses it for good' }),
  'clymene-promtail.stream-lag-labels': flag.string('filename', 'Labels of the lag metric', {
    noEffect: 'the lag is one gauge, clymene_agent_file_oldest_unread_seconds',
  }),
  'clymene-promtail.dry-run': flag.bool(
    false,
    'Print lines, time TAB labels TAB line, instead of sending them; positions stay where they are',
  ),
  'clymene-promtail.inspect': flag.bool(false, 'Show what each stage does', { noEffect: 'stages are not shown yet' }),
  'clymene-promtail.print-config-stderr': flag.bool(false, 'Print the configuration', { noEffect: 'use `validate`' }),
} satisfies FlagSet

/** The same flags where only logs are collected, as the original's promtail has them. */
export const promtailAgentFlags = {
  ...agentFlags,
  'config.file': flag.file('/etc/promtail/config.yml', 'Log configuration, YAML of Promtail'),
  'promtail.config.file': { ...agentFlags['promtail.config.file'], noEffect: '--config.file is the log configuration here' },
  'http.port': { ...agentFlags['http.port'], noEffect: 'there is no scrape configuration to read anew' },
} satisfies typeof agentFlags

/** Flags of the original's agent that change nothing here. */
export const formerAgentFlags = {
  'enable.new-service-discovery-manager': flag.bool(true, 'Service discovery', {
    noEffect: 'there is one service discovery, which keeps what did not change on reload',
  }),
  'metric.split.length': flag.int(1024, 'Series per write', {
    noEffect: 'a message holds one scrape, and is cut only where a limit of bytes asks for it',
  }),
} satisfies FlagSet
