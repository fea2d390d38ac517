import {
  BytesIEC,
  BytesPerSecondIEC,
  MessagesPerSecond,
  NoUnit,
  PercentUnit,
  RecordsPerSecond,
  Seconds,
  Short,
} from '@grafana/grafana-foundation-sdk/units'

import { type Row, linkToPod } from './board.ts'
import { logs, stat } from './panels.ts'
import { third } from './pipeline-agent-row.ts'
import { AT_THE_END, SERVICE, STORAGE, TOPIC, medianAndWorst, ofServices, perSecond, quantile, rate } from './pipeline-selectors.ts'
import { newestLines, now, overTime } from './queries.ts'
import { table } from './tables.ts'

const OF_STORAGE = `${SERVICE},${STORAGE}`

export const storageRow: Row = {
  id: 70,
  title: 'Storages',
  collapsed: true,
  panels: [
    third({
      id: 71,
      title: 'Written, by what came of it',
      description: 'Samples and lines per second: stored, refused for good, retryable (they are sent again) or aborted.',
      unit: RecordsPerSecond,
      queries: [perSecond('clymene_storage_written_records_total', OF_STORAGE, ['storage', 'kind', 'status'])],
      colors: { refused$: 'red', retryable$: 'orange' },
    }),
    third({
      id: 72,
      title: 'Time of a write',
      description: 'Median and 99th percentile of one write. While it takes long the lag grows.',
      unit: Seconds,
      queries: medianAndWorst('clymene_storage_write_seconds', OF_STORAGE, ['storage', 'kind']),
    }),
    third({
      id: 73,
      title: 'Samples and lines in a write',
      description: 'Median of what goes in one request: with a lag ingesters send more at once.',
      unit: Short,
      queries: [overTime(quantile(0.5, 'clymene_storage_body_records', OF_STORAGE, ['storage', 'kind']), '{{storage}} {{kind}}')],
    }),
    third({
      id: 74,
      title: 'Bytes written',
      description: 'Compressed bytes per second that storages acknowledged.',
      unit: BytesPerSecondIEC,
      queries: [perSecond('clymene_storage_written_bytes_total', OF_STORAGE, ['storage', 'kind'])],
    }),
    third({
      id: 75,
      title: 'Messages settled',
      description: 'Messages per second that ingesters are done with, by storage: stored, a repeat, or a dead letter.',
      unit: MessagesPerSecond,
      queries: [perSecond('clymene_delivery_messages_total', `${OF_STORAGE},${AT_THE_END},${TOPIC}`, ['storage', 'topic'])],
    }),
    third({
      id: 76,
      title: 'Repeats',
      description:
        'Samples and lines per second that came again after a crash, a rebalance or a lost answer and that the storage had. They do no harm.',
      unit: RecordsPerSecond,
      queries: [perSecond('clymene_delivery_repeats_total', `${OF_STORAGE},${TOPIC}`, ['storage', 'topic'])],
    }),
  ],
}

/** Lines of our own pods, as no other log is to be searched. */
const OWN_LOGS = '{cluster=~"$cluster",app=~"$component",app=~"clymene-.+|promtail-.+"}'

export const deadLetterRow: Row = {
  id: 80,
  title: 'Dead letters',
  panels: [
    third({
      id: 81,
      title: 'Dead letters by cause',
      description:
        'Messages, or pieces of them, per second: refused by the storage, or undecodable. docs/dead-letters.md says how to look at them and replay them.',
      unit: MessagesPerSecond,
      queries: [perSecond('clymene_delivery_dead_letters_total', `${OF_STORAGE},${TOPIC}`, ['storage', 'topic', 'cause'])],
    }),
    third({
      id: 82,
      title: 'Samples and lines refused',
      description: 'Samples and lines per second that a storage refused for good. They are on the dead-letter topic, not in the storage.',
      unit: RecordsPerSecond,
      queries: [perSecond('clymene_delivery_dead_letter_records_total', `${OF_STORAGE},${TOPIC}`, ['storage', 'topic'])],
    }),
    stat({
      id: 83,
      title: 'Refused in the time shown',
      description: 'How many samples and lines became dead letters in the whole time shown, by storage and topic.',
      unit: Short,
      width: 8,
      height: 7,
      warnings: [1, 1000],
      whenEmpty: 'none',
      queries: [
        now(
          `sum by (storage, topic) (increase(clymene_delivery_dead_letter_records_total{${OF_STORAGE},${TOPIC}}[$__range]))`,
          '{{topic}} → {{storage}}',
        ),
      ],
    }),
    logs({
      id: 84,
      title: 'What services say of dead letters',
      description: 'Lines of the chosen services that speak of dead letters: the first refused sample or line of each second, and why.',
      width: 24,
      height: 9,
      queries: [newestLines(`${OWN_LOGS} |~ \`dead.letter\``)],
    }),
  ],
}

const POD = ['cluster', 'namespace', 'kubernetes_pod_name', 'instance'] as const
const eachProcess = (series: string): string => `max by (${POD.join(', ')}) (${ofServices(series)})`

export const processRow: Row = {
  id: 90,
  title: 'Processes',
  collapsed: true,
  panels: [
    table({
      id: 91,
      title: 'Services',
      description: 'The processes of Clymene and what they use; a click on a pod shows it with its log.',
      width: 24,
      height: 9,
      labels: POD,
      sortBy: 'CPU',
      links: {
        kubernetes_pod_name: {
          title: 'This pod',
          url: linkToPod({
            cluster: '${__data.fields.cluster}',
            namespace: '${__data.fields.namespace}',
            pod: '${__data.fields.kubernetes_pod_name}',
          }),
        },
      },
      columns: [
        { name: 'CPU', unit: Short, expression: eachProcess(rate('process_cpu_seconds_total', SERVICE)) },
        { name: 'Memory', unit: BytesIEC, expression: eachProcess(`process_resident_memory_bytes{${SERVICE}}`) },
        { name: 'Heap', unit: BytesIEC, expression: eachProcess(`nodejs_heap_size_used_bytes{${SERVICE}}`) },
        { name: 'Loop lag p99', unit: Seconds, expression: eachProcess(`nodejs_eventloop_lag_p99_seconds{${SERVICE}}`) },
        { name: 'Running for', unit: Seconds, expression: eachProcess(`time() - process_start_time_seconds{${SERVICE}}`) },
      ],
    }),
    third({
      id: 92,
      title: 'CPU',
      description: 'Cores that each service uses. A process of Node works on one; at about 1 it needs a second replica.',
      unit: Short,
      queries: [overTime(eachProcess(rate('process_cpu_seconds_total', SERVICE)), '{{kubernetes_pod_name}} {{instance}}')],
    }),
    third({
      id: 93,
      title: 'Memory',
      description: 'Resident memory of each service; its limit in the manifest is where it is killed.',
      unit: BytesIEC,
      queries: [overTime(eachProcess(`process_resident_memory_bytes{${SERVICE}}`), '{{kubernetes_pod_name}} {{instance}}')],
    }),
    third({
      id: 94,
      title: 'Heap',
      description: 'Used heap of JavaScript; what is over it in memory is buffers, which hold the bodies.',
      unit: BytesIEC,
      queries: [overTime(eachProcess(`nodejs_heap_size_used_bytes{${SERVICE}}`), '{{kubernetes_pod_name}} {{instance}}')],
    }),
    third({
      id: 95,
      title: 'Event-loop lag',
      description: 'By how much timers are late, 99th percentile: near 0 unless the process has more to do than one core can.',
      unit: Seconds,
      queries: [overTime(eachProcess(`nodejs_eventloop_lag_p99_seconds{${SERVICE}}`), '{{kubernetes_pod_name}} {{instance}}')],
    }),
    third({
      id: 96,
      title: 'Time in garbage collection',
      description: 'Share of the time that each process spends in collections. Above some percent it has too little memory.',
      unit: PercentUnit,
      queries: [
        overTime(
          `sum by (${POD.join(', ')}) (${ofServices(rate('nodejs_gc_duration_seconds_sum', SERVICE))})`,
          '{{kubernetes_pod_name}} {{instance}}',
        ),
      ],
    }),
    stat({
      id: 97,
      title: 'Versions',
      description: 'How many processes run of each service and version: more than one version only while an update is under way.',
      unit: NoUnit,
      width: 8,
      height: 7,
      queries: [now(`count by (service, version) (clymene_build_info{${SERVICE}})`, '{{service}} {{version}}')],
    }),
    logs({
      id: 98,
      title: 'Warnings and errors of the services',
      description:
        'Lines of the chosen services at level warn and error. warn: nothing is lost. error: data is lost, or somebody has to act.',
      width: 24,
      height: 10,
      queries: [newestLines(`${OWN_LOGS} |~ \`"level":"(warn|error)"\``)],
    }),
  ],
}
