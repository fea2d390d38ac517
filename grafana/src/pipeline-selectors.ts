import { type Query, overTime } from './queries.ts'

/** What runs in the chosen clusters. Own metrics of a service have the label `cluster` of the agent that scrapes it; of a cluster that data is from they say `exported_cluster`. */
export const CLUSTER = 'cluster=~"$cluster"'

/** The chosen services: `app` is a label of their pods. */
export const SERVICE = `${CLUSTER},app=~"$component"`

export const TOPIC = 'topic=~"$topic"'
export const STORAGE = 'storage=~"$storage"'
/** Gateways and Kafka are written to like storages, and are not the end of the way. */
export const AT_THE_END = 'storage!~"gateway|kafka"'

/** Series of agents of either kind: metrics of any process of ours are theirs, too. */
export const ofAgents = (series: string): string =>
  `${series} and on (cluster, instance) clymene_build_info{${CLUSTER},service=~"agent|promtail"}`

/** Series that every Node process has, of ours only. */
export const ofServices = (series: string): string => `${series} and on (cluster, instance) clymene_build_info{${SERVICE}}`

export const rate = (metric: string, selector: string): string => `rate(${metric}{${selector}}[$__rate_interval])`

/** Share `q` of what a histogram counted took at most so long. */
export const quantile = (q: number, histogram: string, selector: string, by: readonly string[]): string =>
  `histogram_quantile(${q}, sum by (${['le', ...by].join(', ')}) (${rate(`${histogram}_bucket`, selector)}))`

/** The median and what one in a hundred exceeds. */
export const medianAndWorst = (histogram: string, selector: string, by: readonly string[]): readonly Query[] =>
  [0.5, 0.99].map((q) =>
    overTime(quantile(q, histogram, selector, by), `${by.map((label) => `{{${label}}}`).join(' ')} p${Math.round(q * 100)}`.trim()),
  )

/**
 * The same series with a label `from`: the cluster that data is from. That of the service itself stands in `cluster` alone, others in
 * `exported_cluster` beside it.
 */
export const withOrigin = (series: (selector: string) => string): string =>
  `(label_join(${series(`${CLUSTER},exported_cluster=""`)}, "from", "", "cluster")` +
  ` or label_join(${series(`${CLUSTER},exported_cluster!=""`)}, "from", "", "exported_cluster"))`

/** Per second, of a counter by some labels. */
export const perSecond = (metric: string, selector: string, by: readonly string[], legend?: string): Query =>
  overTime(`sum by (${by.join(', ')}) (${rate(metric, selector)})`, legend ?? by.map((label) => `{{${label}}}`).join(' '))
