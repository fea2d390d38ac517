/** Of each scrape. */
export const TIMEOUT_SECONDS = 0.7

/** A scrape configuration that Prometheus and the agent are both given, as JSON, which is YAML. */
export type ComparisonOptions = {
  /** `host:port` of the scripted exporter. */
  readonly scripted: string
  readonly nodeExporter: string
  /** Folder of the file that names further targets. */
  readonly directory: string
  /** After the reload a job is gone and another one's rules are different, and it reports less. */
  readonly isReloaded: boolean
}

export function comparisonConfig({ scripted, nodeExporter, directory, isReloaded }: ComparisonOptions): Readonly<Record<string, unknown>> {
  const job = (name: string, more: Record<string, unknown> = {}) => ({
    job_name: name,
    metrics_path: `/${name}`,
    static_configs: [{ targets: [scripted], labels: { zone: 'west' } }],
    ...more,
  })
  return {
    global: { scrape_interval: '700ms', scrape_timeout: `${TIMEOUT_SECONDS * 1000}ms` },
    scrape_configs: [
      job('plain', { metric_relabel_configs: METRIC_RULES, params: { collect: ['a', 'b'] } }),
      job('honoured', { honor_labels: true, honor_timestamps: false }),
      job('exported', { track_timestamps_staleness: true }),
      job('open'),
      job('utf8'),
      job('limited', { sample_limit: 6 }),
      job('failing', { label_limit: 20, label_value_length_limit: 200 }),
      job('damaged', { static_configs: [{ targets: [scripted] }], relabel_configs: TARGET_RULES }),
      job('typeless', { fallback_scrape_protocol: 'PrometheusText0.0.4' }),
      {
        job_name: 'file',
        file_sd_configs: [{ files: [`${directory}/targets-*.json`], refresh_interval: '500ms' }],
        relabel_configs: [
          { source_labels: ['path'], target_label: '__metrics_path__' },
          { action: 'labeldrop', regex: 'path' },
        ],
      },
      ...(isReloaded ? [] : [job('goes')]),
      job(
        'reloaded',
        isReloaded
          ? { metric_relabel_configs: [{ action: 'drop', source_labels: ['__name__'], regex: 'secret_.*' }] }
          : { extra_scrape_metrics: true },
      ),
      { job_name: 'node', static_configs: [{ targets: [nodeExporter] }] },
      job('refused', { relabel_configs: [{ action: 'keep', source_labels: ['__address__'], regex: 'nobody:.*' }] }),
    ],
  }
}

const METRIC_RULES = [
  { action: 'drop', source_labels: ['__name__'], regex: 'dropped_by_.*' },
  { action: 'labelmap', regex: 'pod_label_(.+)', replacement: 'app_$1' },
  { action: 'labeldrop', regex: 'pod_label_.*' },
  { source_labels: ['__name__', 'pod'], regex: 'hashed;(.+)', action: 'replace', target_label: 'shop', replacement: '<${1}>' },
  { source_labels: ['pod'], action: 'hashmod', modulus: 7, target_label: 'shard' },
  { source_labels: ['at'], action: 'uppercase', target_label: 'place' },
]

const TARGET_RULES = [
  { source_labels: ['__address__'], regex: '(.*):\\d+', target_label: 'host', replacement: '$1' },
  { source_labels: ['job', '__metrics_path__'], separator: '', target_label: 'instance' },
  { target_label: '__tmp_gone', replacement: 'x' },
]
