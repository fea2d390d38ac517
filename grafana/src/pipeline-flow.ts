import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { MessagesPerSecond, RecordsPerSecond, Seconds, Short } from '@grafana/grafana-foundation-sdk/units'

import { stat, timeseries } from './panels.ts'
import { AT_THE_END, CLUSTER, STORAGE, TOPIC, ofAgents, perSecond, rate, withOrigin } from './pipeline-selectors.ts'
import { now, overTime } from './queries.ts'

/** What comes into Kafka, without what could not be stored and is put there again. */
const PRODUCED = `${CLUSTER},${TOPIC},topic!~".*-dead-letter"`
const CONSUMED = `${CLUSTER},${TOPIC},${STORAGE}`
const STORED = `${CLUSTER},${STORAGE},${AT_THE_END},status="stored"`

const KIND = { samples: 'kind="metrics"', lines: 'kind="logs"' }
type Kind = keyof typeof KIND

const collected: Readonly<Record<Kind, string>> = {
  samples: `sum(${rate('clymene_agent_scraped_samples_total', CLUSTER)})`,
  // Several inputs of one agent have the same labels: only one of them would be left.
  lines: `sum(${['file_read_lines', 'journal_entries', 'events_entries', 'stdin_lines']
    .map((input) => `label_replace(${rate(`clymene_agent_${input}_total`, CLUSTER)}, "input", "${input}", "", "")`)
    .join(' or ')})`,
}
const sent = (kind: Kind): string =>
  `sum(${ofAgents(rate('clymene_storage_written_records_total', `${CLUSTER},status="stored",${KIND[kind]}`))})`
const received = (kind: Kind): string => `sum(${rate('clymene_gateway_received_records_total', `${CLUSTER},${KIND[kind]}`)})`
const produced = (kind: Kind): string => `sum(${rate('clymene_kafka_produced_records_total', `${PRODUCED},${KIND[kind]}`)})`
const consumed = (kind: Kind): string => `sum by (storage) (${rate('clymene_kafka_consumed_records_total', `${CONSUMED},${KIND[kind]}`)})`
const stored = (kind: Kind): string => `sum by (storage) (${rate('clymene_storage_written_records_total', `${STORED},${KIND[kind]}`)})`

const hop = (id: number, title: string, description: string, expression: (kind: Kind) => string): Builder<Panel> =>
  stat({
    id,
    title,
    description: `${description} Samples and log lines per second; with all clusters chosen the next number to the right is the same.`,
    unit: RecordsPerSecond,
    width: 3,
    height: 5,
    queries: [now(expression('samples'), 'samples'), now(expression('lines'), 'lines')],
  })

/** The stops in the order of the data, all in one unit. */
const hops = [
  hop(1, 'Agents collect →', 'What agents scrape and read.', (kind) => collected[kind]),
  hop(2, 'Agents send →', 'What agents sent and got acknowledged, by gateways or by the storages that they write to themselves.', sent),
  hop(3, 'Gateways take →', 'What gateways acknowledged: Kafka, or the storage that they write to, had it then.', received),
  hop(4, 'Kafka has →', 'What Kafka acknowledged to gateways.', produced),
  hop(5, 'Ingesters read →', 'What ingesters are done with, of the storage that is slowest.', (kind) => `min(${consumed(kind)})`),
  hop(6, 'Storages have', 'What storages acknowledged, of the storage that is slowest.', (kind) => `min(${stored(kind)})`),
  stat({
    id: 7,
    title: '↳ Dead letters',
    description: 'Samples and log lines per second that a storage refused for good, by storage: they are kept on a dead-letter topic.',
    unit: RecordsPerSecond,
    width: 3,
    height: 5,
    warnings: [0.001, 10],
    whenEmpty: 'none',
    queries: [now(`sum by (storage) (${rate('clymene_delivery_dead_letter_records_total', CONSUMED)})`, '{{storage}}')],
  }),
  stat({
    id: 8,
    title: 'Furthest behind',
    description: 'Age of the oldest message in Kafka that a storage does not have yet. Some seconds are normal; what grows is an outage.',
    unit: Seconds,
    width: 3,
    height: 5,
    warnings: [60, 600],
    queries: [now(`topk(1, max by (storage) (clymene_kafka_lag_seconds{${CONSUMED}}))`, '{{storage}}')],
  }),
]

const balance = (id: number, kind: Kind): Builder<Panel> =>
  timeseries({
    id,
    title: `Balance of ${kind}`,
    description:
      'The same stops over time. Lines that lie on each other are a way without loss; a gap that stays is a loss, one that closes again is a delay.',
    unit: RecordsPerSecond,
    width: 12,
    height: 8,
    queries: [
      overTime(collected[kind], 'collected'),
      overTime(sent(kind), 'sent'),
      overTime(received(kind), 'received'),
      overTime(produced(kind), 'in Kafka'),
      overTime(consumed(kind), 'read for {{storage}}'),
      overTime(stored(kind), 'stored in {{storage}}'),
    ],
  })

const ages = withOrigin((selector) => rate('clymene_delivery_freshness_seconds_bucket', `${selector},${STORAGE},${AT_THE_END}`))
const numbers = (what: string): string => withOrigin((selector) => `clymene_ledger_${what}_sequences{${selector}}`)

const state = [
  timeseries({
    id: 11,
    title: 'Lag',
    description:
      'Age of the oldest message that is not in a storage yet. A line that rises by a second a second is a storage that takes nothing.',
    unit: Seconds,
    width: 8,
    height: 8,
    queries: [overTime(`max by (topic, storage) (clymene_kafka_lag_seconds{${CONSUMED}})`, '{{topic}} → {{storage}}')],
  }),
  timeseries({
    id: 12,
    title: 'Freshness',
    description:
      'From the time of a sample or line to the acknowledgement of a storage, by the cluster that it is from: what a reader has to wait. What does not say its cluster counts as of that of the ingester.',
    unit: Seconds,
    width: 8,
    height: 8,
    queries: [0.5, 0.99].map((q) =>
      overTime(`histogram_quantile(${q}, sum by (le, from, storage) (${ages}))`, `{{from}} → {{storage}} p${Math.round(q * 100)}`),
    ),
  }),
  timeseries({
    id: 13,
    title: 'Time until Kafka deletes what is not read',
    description: 'How long a storage may still be away before messages are lost to retention. Without a line: nothing is ever deleted.',
    unit: Seconds,
    width: 8,
    height: 8,
    queries: [overTime(`min by (topic, storage) (clymene_kafka_until_expiry_seconds{${CONSUMED}})`, '{{topic}} → {{storage}}')],
  }),
  timeseries({
    id: 14,
    title: 'Ledger: numbers that did not come',
    description:
      'Messages are numbered by their sender. Missing: between two that came; jumped: reserved by an agent that crashed. What grows is a loss; clymene ledger says whose. What does not say its cluster counts as of that of the ingester.',
    unit: Short,
    width: 12,
    height: 7,
    queries: [
      overTime(`sum by (from, kind) (${numbers('missing')})`, '{{from}} {{kind}} missing'),
      overTime(`sum by (from, kind) (${numbers('jumped')})`, '{{from}} {{kind}} jumped'),
    ],
  }),
  timeseries({
    id: 15,
    title: 'Ledger: what became of messages',
    description: 'Messages that were booked per second: stored, repeats, dead letters, expired in Kafka before they were read.',
    unit: MessagesPerSecond,
    width: 12,
    height: 7,
    shape: 'areas',
    queries: [perSecond('clymene_ledger_messages_total', `${CONSUMED},${AT_THE_END}`, ['storage', 'outcome'])],
  }),
]

export const flow = [...hops, balance(9, 'samples'), balance(10, 'lines'), ...state]
