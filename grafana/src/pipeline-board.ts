import { PIPELINE_BOARD, board } from './board.ts'
import { agentRow } from './pipeline-agent-row.ts'
import { flow } from './pipeline-flow.ts'
import { AT_THE_END, CLUSTER } from './pipeline-selectors.ts'
import { deadLetterRow, processRow, storageRow } from './pipeline-storage-rows.ts'
import { gatewayRow, ingesterRow, kafkaRow } from './pipeline-transport-rows.ts'
import { clusters, dataSources, labelVariable } from './variables.ts'

export const pipelineBoard = board({
  uid: PIPELINE_BOARD,
  title: 'Clymene / Pipeline',
  description:
    'The way of metrics and logs from agents over gateways, Kafka and ingesters into the storages: how much goes, where it waits, what is lost. Several agents that scrape a service count it several times.',
  variables: [
    ...dataSources(),
    clusters('clymene_build_info'),
    labelVariable({
      name: 'component',
      title: 'Service',
      description: 'Services of the chosen clusters by the label `app` of their pods; the stops of the data at the top show all of them',
      series: `clymene_build_info{${CLUSTER}}`,
      label: 'app',
      choice: 'any',
    }),
    labelVariable({
      name: 'storage',
      title: 'Storage',
      description: 'Storages that services write to',
      series: `clymene_storage_written_records_total{${CLUSTER},${AT_THE_END}}`,
      choice: 'any',
    }),
    labelVariable({
      name: 'topic',
      title: 'Topic',
      description: 'Topics of Kafka that are read',
      series: `clymene_kafka_lag_messages{${CLUSTER}}`,
      choice: 'any',
    }),
  ],
  first: flow,
  rows: [agentRow, gatewayRow, kafkaRow, ingesterRow, storageRow, deadLetterRow, processRow],
})
