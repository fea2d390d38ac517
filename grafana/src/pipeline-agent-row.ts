import { BytesIEC, BytesPerSecondIEC, CountsPerSecond, RecordsPerSecond, Seconds, Short } from '@grafana/grafana-foundation-sdk/units'

import type { Row } from './board.ts'
import { timeseries, type TimeseriesPanel } from './panels.ts'
import { CLUSTER, SERVICE, medianAndWorst, ofAgents, perSecond, rate } from './pipeline-selectors.ts'
import { overTime } from './queries.ts'

/** Three in a line. */
export const third = (panel: Omit<TimeseriesPanel, 'width' | 'height'>) => timeseries({ ...panel, width: 8, height: 7 })

/** The same with a query for each text. */
const byCluster = (aggregation: 'sum' | 'max' | 'min', series: string, legend = '{{cluster}}') =>
  overTime(`${aggregation} by (cluster) (${series})`, legend)

const MOST_FILES = 10

export const agentRow: Row = {
  id: 20,
  title: 'Agents',
  collapsed: true,
  panels: [
    third({
      id: 21,
      title: 'Targets up and down',
      description: 'Targets whose last scrape went well, and those whose did not: the page /targets of the agent says why.',
      unit: Short,
      queries: [
        byCluster('sum', `up{${CLUSTER}} == bool 1`, '{{cluster}} up'),
        byCluster('sum', `up{${CLUSTER}} == bool 0`, '{{cluster}} down'),
      ],
      colors: { down$: 'red' },
    }),
    third({
      id: 22,
      title: 'Scrapes',
      description: 'Scrapes that ended, by result, and those that were left out because the one before was not accepted yet.',
      unit: CountsPerSecond,
      queries: [
        perSecond('clymene_agent_scrapes_total', SERVICE, ['cluster', 'result']),
        perSecond('clymene_agent_scrapes_skipped_total', SERVICE, ['cluster'], '{{cluster}} skipped'),
      ],
    }),
    third({
      id: 23,
      title: 'Duration of a scrape',
      description: 'Median and 99th percentile. What comes near to the timeout of a job is lost one of these days.',
      unit: Seconds,
      queries: medianAndWorst('clymene_agent_scrape_duration_seconds', SERVICE, ['cluster']),
    }),
    third({
      id: 24,
      title: 'Samples by job',
      description: 'Samples per second that each job hands on: which job makes the load.',
      unit: RecordsPerSecond,
      shape: 'areas',
      queries: [perSecond('clymene_agent_scraped_samples_total', SERVICE, ['cluster', 'scrape_job'])],
    }),
    third({
      id: 25,
      title: 'Series, and those left out',
      description: 'Series of the last scrapes, and those that were not handed on because a target or job has as many as it may.',
      unit: Short,
      queries: [
        byCluster('sum', `clymene_agent_series{${SERVICE}}`, '{{cluster}}'),
        byCluster('sum', `clymene_agent_series_left_out{${SERVICE}}`, '{{cluster}} left out'),
      ],
      colors: { 'left out$': 'red' },
    }),
    third({
      id: 26,
      title: 'Samples dropped or lost',
      description: 'Samples of good scrapes that were not handed on, by reason, and those that were and that the buffer did not take.',
      unit: RecordsPerSecond,
      queries: [
        perSecond('clymene_agent_scraped_samples_dropped_total', SERVICE, ['cluster', 'reason']),
        perSecond('clymene_agent_scraped_samples_lost_total', SERVICE, ['cluster'], '{{cluster}} lost'),
      ],
    }),
    third({
      id: 27,
      title: 'Bytes of lines read',
      description: 'Bytes of lines per second that agents read from files.',
      unit: BytesPerSecondIEC,
      queries: [perSecond('clymene_agent_file_read_bytes_total', SERVICE, ['cluster'])],
    }),
    third({
      id: 28,
      title: 'Unread',
      description: 'How long the files that are furthest behind have had lines that were not handed over; near 0 when agents keep up.',
      unit: Seconds,
      queries: [
        byCluster('max', `clymene_agent_file_oldest_unread_seconds{${SERVICE}}`),
        overTime(`topk(${MOST_FILES}, clymene_agent_file_stream_lag_seconds{${SERVICE}})`, '{{filename}}'),
      ],
    }),
    third({
      id: 29,
      title: 'Bytes of files lost',
      description:
        'Bytes that were there and could not be read: of files that were cut, deleted or compressed before. 0 when nothing is lost.',
      unit: BytesPerSecondIEC,
      queries: [perSecond('clymene_agent_file_lost_bytes_total', SERVICE, ['cluster'])],
    }),
    third({
      id: 30,
      title: 'Lines dropped or at a limit',
      description: 'Lines that stages took out, by reason, and lines with a label beyond a limit, by label and what was done.',
      unit: RecordsPerSecond,
      queries: [
        perSecond('clymene_agent_dropped_lines_total', SERVICE, ['cluster', 'reason']),
        perSecond('clymene_agent_line_label_limit_lines_total', SERVICE, ['cluster', 'label', 'limit', 'action']),
      ],
    }),
    third({
      id: 31,
      title: 'Buffer on disk',
      description: 'What agents have on disk, delivered or not. It grows while the gateway is away, up to --buffer.max-bytes.',
      unit: BytesIEC,
      queries: [overTime(`sum by (cluster, topic) (clymene_buffer_bytes{${SERVICE}})`, '{{cluster}} {{topic}}')],
    }),
    third({
      id: 32,
      title: 'Buffer: age of what waits',
      description:
        'Age of the oldest message that is not delivered. Some seconds are normal; what grows is a gateway or storage that is away.',
      unit: Seconds,
      queries: [overTime(`max by (cluster, topic) (clymene_buffer_oldest_waiting_seconds{${SERVICE}})`, '{{cluster}} {{topic}}')],
    }),
    third({
      id: 33,
      title: 'Buffer: messages that wait',
      description: 'Messages that are not delivered yet; of files nothing waits there, they are their own buffer.',
      unit: Short,
      queries: [overTime(`sum by (cluster, topic) (clymene_buffer_waiting_records{${SERVICE}})`, '{{cluster}} {{topic}}')],
    }),
    third({
      id: 34,
      title: 'Buffer: lost or refused',
      description: 'Samples and lines that were deleted by size or age before they were delivered, and writes that found no room.',
      unit: RecordsPerSecond,
      queries: [
        perSecond('clymene_buffer_append_failures_total', SERVICE, ['cluster'], '{{cluster}} refused'),
        perSecond('clymene_buffer_expired_samples_total', SERVICE, ['cluster', 'topic'], '{{cluster}} {{topic}} expired'),
      ],
    }),
    third({
      id: 35,
      title: 'Deliveries that are tried again',
      description: 'Samples and lines per second whose delivery failed and is tried again, or was refused for good or given up at a stop.',
      unit: RecordsPerSecond,
      queries: [
        overTime(
          `sum by (cluster, status) (${ofAgents(rate('clymene_storage_written_records_total', `${SERVICE},status!="stored"`))})`,
          '{{cluster}} {{status}}',
        ),
      ],
    }),
    third({
      id: 36,
      title: 'Configuration taken',
      description:
        'Is 1 while every agent of a cluster works by its configuration as it was last read; at 0 one refused it, and its log says why.',
      unit: Short,
      max: 1,
      queries: [byCluster('min', `clymene_agent_config_last_reload_successful{${SERVICE}}`)],
    }),
  ],
}
