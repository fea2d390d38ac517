import { encodePushRequest, encodeWriteRequest } from '@clymene/wire'

export type WriteRequestOptions = {
  readonly series: number
  readonly timestampMs: number
  /** The same seed gives the same bytes. */
  readonly seed: number
}

export type PushRequestOptions = {
  readonly streams: number
  /** Entries of each stream. */
  readonly entries: number
  /** Of the first entry, nanoseconds since the epoch; each next one is a millisecond later. */
  readonly timestampNs: bigint
  readonly seed: number
}

/** A protobuf `WriteRequest` as cAdvisor's metrics give it: one sample a series, about 296 bytes each, 46 when compressed. */
export function makeWriteRequest({ series, timestampMs, seed }: WriteRequestOptions): Buffer {
  const random = randomNumbers(seed)
  return encodeWriteRequest(
    Array.from({ length: series }, (_, index) => {
      const pod = Math.floor(index / METRICS.length)
      const deployment = DEPLOYMENTS[pod % DEPLOYMENTS.length]!
      const podName = `${deployment}-${hexOf(pod, 10)}`
      return {
        labels: [
          ['__name__', METRICS[index % METRICS.length]!],
          ['cluster', 'bench'],
          ['container', deployment],
          ['device', `sd${'abcd'[index % 4]!}`],
          ['id', `/${hexOf(index + 10_000, 12)}`],
          ['image', `shop/${deployment}:v1.${pod % 20}.3`],
          ['instance', `10.0.${pod % 40}.7:10250`],
          ['job', 'cadvisor'],
          ['namespace', NAMESPACES[pod % NAMESPACES.length]!],
          ['node', `worker-${pod % 40}`],
          ['pod', podName],
        ] as const,
        samples: [{ timestampMs, value: random() * 1e9 }],
      }
    }),
  )
}

/** A protobuf `PushRequest` of Loki: lines of about 130 bytes, streams as Kubernetes pods give them. */
export function makePushRequest({ streams, entries, timestampNs, seed }: PushRequestOptions): Buffer {
  const random = randomNumbers(seed)
  return encodePushRequest(
    Array.from({ length: streams }, (_, stream) => {
      const deployment = DEPLOYMENTS[stream % DEPLOYMENTS.length]!
      return {
        labels: [
          ['cluster', 'bench-cluster'],
          ['container', deployment],
          ['namespace', NAMESPACES[stream % NAMESPACES.length]!],
          ['pod', `${deployment}-${hexOf(stream, 10)}`],
          ['stream', 'stdout'],
        ] as const,
        entries: Array.from({ length: entries }, (_unused, index) => ({
          timestampNs: timestampNs + BigInt(index) * 1_000_000n,
          line: `level=info component=${deployment} msg="request served" path=/api/v1/orders/${Math.floor(random() * 1e6)} status=200 duration=${Math.floor(random() * 900)}ms trace=${hexOf(Math.floor(random() * 1e9), 16)}`,
        })),
      }
    }),
  )
}

const METRICS = [
  'container_cpu_usage_seconds_total',
  'container_memory_working_set_bytes',
  'container_memory_rss',
  'container_network_receive_bytes_total',
  'container_network_transmit_bytes_total',
  'container_fs_reads_bytes_total',
  'container_fs_writes_bytes_total',
  'container_spec_memory_limit_bytes',
]
const DEPLOYMENTS = ['orders-api', 'payments', 'checkout-worker', 'catalogue', 'web-frontend']
const NAMESPACES = ['shop', 'billing', 'platform']

/** Park and Miller's generator: repeatable, and good enough to make values differ. */
function randomNumbers(seed: number): () => number {
  let state = (Math.floor(Math.abs(seed)) % 2147483646) + 1
  return () => {
    state = (state * 48271) % 2147483647
    return state / 2147483647
  }
}

/** Hexadecimal digits that look random, the same for the same number. */
function hexOf(number: number, digits: number): string {
  const random = randomNumbers(number * 7919 + 1)
  return Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('')
}
