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
  'agent.shard.count': flag.int(
    1,
    'Over how many agents the targets are divided by hash; each has the same configuration and its own index',
    {
      min: 1,
      max: 10_000,
    },
  ),
  'agent.shard.index': flag.string(
    '',
    'Which of these agents this one is: a number from 0, or a name that ends with one, such as the pod clymene-agent-3 of a StatefulSet',
  ),
  'config.expand-env': flag.bool(
    false,
    'Puts variables into the log configuration before it is read, as Promtail does: ${NAME}, ${NAME:-text}; $$ is a dollar, and a backslash before another goes away',
  ),
  'config.watch': flag.bool(true, 'Reads the configuration anew when a file of it changes'),
  'http.port': flag.address(':15692', 'Listen address of the reload API: POST /api/reload'),
} satisfies FlagSet

/** What holds for the scrapes of every job. */
export const scrapeFlags = {
  'scrape.series-limit-per-target': flag.int(
    1_000_000,
    'Most series that a target may have at a time; of what is beyond the newest are left out, the rest go on; 0 is no limit',
  ),
  'scrape.series-limit-per-job': flag.int(5_000_000, 'The same for all targets of a job together; 0 is no limit'),
  'scrape.metadata-interval': flag.duration('1m', 'How often type, help and unit of the metrics are sent; 0s sends none'),
  'scrape.extra-metrics': flag.bool(
    false,
    'Adds scrape_timeout_seconds, scrape_sample_limit and scrape_body_size_bytes to each scrape where extra_scrape_metrics says nothing',
  ),
} satisfies FlagSet

/** To see what a configuration does before it does it. */
export const dryRunFlags = {
  'dry-run': flag.bool(
    false,
    'Sends nothing: prints the targets after discovery and relabelling and ends; with logs prints lines, time TAB labels TAB line, and leaves positions where they are',
    { alias: 'clymene-promtail.dry-run' },
  ),
  'dry-run.wait': flag.duration('30s', 'How long a dry run waits for what discovers targets', { minMs: 1 }),
  inspect: flag.bool(false, 'Shows on stderr what each stage does to each line, in a dry run and in a real one', {
    alias: 'clymene-promtail.inspect',
  }),
  'inspect.color': flag.oneOf(['auto', 'always', 'never'], 'auto', 'Colours of what --inspect shows; auto: on a terminal', {
    alias: 'color',
  }),
} satisfies FlagSet

/** Where scraped samples wait until every storage has them. */
export const bufferFlags = {
  'buffer.dir': flag.file(
    './clymene-buffer',
    'Folder of the buffer: samples that are not delivered yet, dead letters, sequence numbers. No log file below it is read',
  ),
  'buffer.max-bytes': flag.bytes('1GiB', 'Largest size of the buffer, at least 16MiB'),
  'buffer.max-age': flag.duration('48h', 'Age at which samples leave the buffer'),
  'buffer.full': flag.oneOf(
    ['expire', 'refuse'],
    'expire',
    'A full buffer drops the oldest samples, or takes nothing: scrapes are skipped until every storage has read the oldest',
  ),
  'buffer.fsync-interval': flag.duration(
    '0s',
    'How often what was appended is synced to the disk; 0s syncs each time, more risks so much of the newest in a power cut',
  ),
  'buffer.drain-timeout': flag.duration('5s', 'How long the agent goes on sending when it is stopped; what is left stays in the buffer'),
} satisfies FlagSet

/** What becomes of lines: the flags of the original's promtail, and a limit that it has not. */
export const promtailFlags = {
  'logs.max-line-bytes': flag.bytes('256KiB', 'Longest log line, at least 1KiB; a longer one is counted and told once a minute', {
    min: 1024,
  }),
  'logs.long-lines': flag.oneOf(
    ['truncate', 'split'],
    'truncate',
    'What becomes of a longer line: it is cut there, or goes on as further lines',
  ),
  'logs.from': flag.oneOf(['beginning', 'end'], 'beginning', 'Where a file without a position is read from when the agent starts'),
  'logs.max-files': flag.int(20_000, 'Most files that one configuration follows at a time; those beyond are told, counted and left out', {
    min: 1,
  }),
  'logs.max-search-entries': flag.int(
    200_000,
    'Most entries of folders that one search for files may see, so that a glob such as /** ends; what is beyond is told, counted and left out',
    { min: 1 },
  ),
  'logs.max-open-files': flag.int(
    0,
    'Most files that are held open: of more, quiet ones are opened again when they are written to; 0 is a quarter of what the process may open',
  ),
  'logs.label-limit-action': flag.oneOf(
    ['drop', 'metadata', 'refuse'],
    'drop',
    'Labels beyond a limit, which Loki would refuse with their lines: they are left out, become structured metadata (Loki 3), or their lines are not sent and kept as dead letters',
  ),
  'logs.max-label-names': flag.int(15, 'Most labels of a stream; 0 is no limit'),
  'logs.max-label-name-bytes': flag.bytes('1024', 'Longest name of a label; 0 is no limit'),
  'logs.max-label-value-bytes': flag.bytes('2048', 'Longest value of a label; 0 is no limit'),
  'logs.max-metric-series': flag.int(10_000, 'Most series of all metrics stages together; what comes beyond is counted and left out'),
  'logs.pods': flag.bool(
    false,
    'Collects the pods of this node by the built-in log configuration where none is given; for `promtail` that is so without the flag',
  ),
  'logs.exclude-namespaces': flag.list(
    '',
    'Namespaces whose pods are not collected, by the built-in log configuration and by every discovery of log jobs that tells the namespace of its targets',
  ),
  'logs.stdin': flag.bool(
    false,
    'Collects lines of standard input in place of files, by the first job of the log configuration, and ends with it',
    { alias: 'stdin' },
  ),
  'logs.journalctl': flag.string('journalctl', 'Program through which journal jobs read the journal, by its name or path'),
  'logs.all-nodes': flag.bool(
    false,
    'Pod discovery of log jobs asks for the pods of all nodes instead of the own one, which HOSTNAME names, else the host name',
  ),
  'clymene-promtail.batch-wait': flag.duration('1s', 'Age at which a batch of lines is sent', { alias: 'clymene-promtail.Batch-wait' }),
  'clymene-promtail.batch-size-bytes': flag.bytes('1048576', 'Bytes of lines at which a batch is sent', {
    alias: 'clymene-promtail.Batch-size-bytes',
    min: 1,
  }),
  'clymene-promtail.external-labels': flag.pairs('', 'Labels of every line that does not have them, name=value,…'),
  'clymene-promtail.tenant-id': flag.string('', 'Tenant of lines that no stage gives one'),
  'clymene-promtail.min-backoff': flag.duration('500ms', 'Wait after the first failed write'),
  'clymene-promtail.max-backoff': flag.duration('5m', 'Longest wait after a failed write'),
  'clymene-promtail.max-retries': flag.int(10, 'Attempts', { noEffect: 'a batch is sent until the storage has it or refuses it for good' }),
  'clymene-promtail.stream-lag-labels': flag.string('filename', 'Labels of the lag metric', {
    noEffect: 'clymene_agent_file_stream_lag_seconds has the labels job and filename',
  }),
  'clymene-promtail.print-config-stderr': flag.bool(false, 'Prints the log configuration on stderr at the start, without its secrets'),
} satisfies FlagSet

/** The same flags where only logs are collected, as the original's promtail has them. */
export const promtailAgentFlags = {
  ...agentFlags,
  'config.file': flag.file('/etc/promtail/config.yml', 'Log configuration, YAML of Promtail'),
  'promtail.config.file': { ...agentFlags['promtail.config.file'], noEffect: '--config.file is the log configuration here' },
  'http.port': {
    ...agentFlags['http.port'],
    noEffect: 'POST /-/reload on the admin port reads the configuration anew',
  },
  'agent.shard.count': { ...agentFlags['agent.shard.count'], noEffect: 'lines are read where their files are' },
  'agent.shard.index': { ...agentFlags['agent.shard.index'], noEffect: 'lines are read where their files are' },
} satisfies typeof agentFlags

const noScrapes = { noEffect: 'nothing is scraped here' }
export const promtailScrapeFlags = {
  'scrape.series-limit-per-target': { ...scrapeFlags['scrape.series-limit-per-target'], ...noScrapes },
  'scrape.series-limit-per-job': { ...scrapeFlags['scrape.series-limit-per-job'], ...noScrapes },
  'scrape.metadata-interval': { ...scrapeFlags['scrape.metadata-interval'], ...noScrapes },
  'scrape.extra-metrics': { ...scrapeFlags['scrape.extra-metrics'], ...noScrapes },
} satisfies typeof scrapeFlags

/** Flags of the original's agent that change nothing here. */
export const formerAgentFlags = {
  'enable.new-service-discovery-manager': flag.bool(true, 'Service discovery', {
    noEffect: 'there is one service discovery, which keeps what did not change on reload',
  }),
  'metric.split.length': flag.int(1024, 'Series per write', {
    noEffect: 'a message holds one scrape, and is cut only where a limit of bytes asks for it',
  }),
} satisfies FlagSet
