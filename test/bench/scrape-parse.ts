import { createPageWriter, NO_LIMITS, noCounts } from '@clymene/sources'
import { createWriteRequestWriter } from '@clymene/wire'

const SERIES = 5000
const PAGES = 100
const DISTINCT_PAGES = 5

/**
 * Scraped pages to write requests, without HTTP: parse, series cache, encode. Pages as cAdvisor gives them: the same series in
 * the same order, other values; 275 B a series in the write request.
 */
export function benchScrapeParse(): Promise<{ unit: 'samples'; count: number; cpuSeconds: number }> {
  const pages = Array.from({ length: DISTINCT_PAGES }, (_, index) => makePage(SERIES, index))
  const target = createPageWriter({
    target: [
      ['instance', '10.0.3.7:10250'],
      ['job', 'cadvisor'],
      ['node', 'worker-3'],
    ],
    external: [['cluster', 'bench']],
    honorLabels: false,
    honorTimestamps: true,
    trackTimestampsStaleness: false,
    metricRelabel: () => true,
    limits: NO_LIMITS,
  })
  const writer = createWriteRequestWriter()
  const counts = noCounts()
  const scrape = (index: number): void => {
    writer.reset()
    target.write(pages[index % pages.length]!, 'text', 1_700_000_000_000 + index * 15_000, writer, counts)
    if (writer.records !== SERIES) throw new Error(`wrote ${writer.records} samples of ${SERIES}`)
  }
  for (let index = 0; index < 3; index++) scrape(index)
  const start = process.cpuUsage()
  for (let index = 3; index < PAGES + 3; index++) scrape(index)
  const { user, system } = process.cpuUsage(start)
  return Promise.resolve({ unit: 'samples', count: SERIES * PAGES, cpuSeconds: (user + system) / 1e6 })
}

const METRICS = [
  'container_cpu_usage_seconds_total',
  'container_memory_working_set_bytes',
  'container_network_receive_bytes_total',
  'container_fs_reads_bytes_total',
]

/** Counters with fractions, whole bytes and idle zeros, as a node's containers have them. */
function makePage(series: number, seed: number): Buffer {
  const perMetric = series / METRICS.length
  let text = ''
  METRICS.forEach((metric, kind) => {
    text += `# HELP ${metric} What the container has used.\n# TYPE ${metric} ${kind === 1 ? 'gauge' : 'counter'}\n`
    for (let index = 0; index < perMetric; index++) {
      const id = (index * 2_654_435_761) % 4_294_967_296
      const value = index % 3 === 0 ? 0 : kind === 0 ? (id % 100_000) / 7 + seed * 3.7 : id + seed * 4096
      text += `${metric}{container="orders-api",cpu="total",id="/kubepods/burstable/pod${id.toString(16)}",image="shop/orders-api:v1.${index % 20}.3",name="${id.toString(16)}",namespace="shop",pod="orders-api-${id.toString(36)}"} ${value}\n`
    }
  })
  return Buffer.from(text)
}
