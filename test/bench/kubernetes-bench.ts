import { fillKubernetes, startKubernetes, type Kubernetes } from '../engines/index.ts'
import { crowdOfNodes, crowdOfPods } from '../kubernetes/crowd.ts'
import { startProgram } from './program.ts'
import type { DiscoveryQuestion, DiscoveryReading } from './programs/discovery.ts'
import { usageOf } from './usage.ts'

export type CrowdSize = { readonly pods: number; readonly nodes: number }
export type CrowdReading = DiscoveryReading & { readonly what: string; readonly peakBytes: number; readonly cpuSeconds: number }

const SIZE: CrowdSize = { pods: 10_000, nodes: 1000 }

/** A real API server with so many pods and nodes, and what it takes to discover them, in a new process each time. */
export async function kubernetesBench(rounds: number, size = SIZE): Promise<string> {
  const kubernetes = await startKubernetes()
  try {
    await fillKubernetes(kubernetes.etcdUrl, crowdOfNodes(size.nodes))
    await fillKubernetes(kubernetes.etcdUrl, crowdOfPods(size.pods, { namespaces: 20, nodes: size.nodes }))
    const rows: CrowdReading[] = []
    for (const [what, question] of questionsOf(kubernetes, size)) {
      const readings: CrowdReading[] = []
      for (let round = 0; round < rounds; round++) readings.push({ what, ...(await readDiscovery(question)) })
      rows.push(worstOf(readings))
      process.stderr.write(`${JSON.stringify(readings)}\n`)
    }
    return tableOf(rows)
  } finally {
    await kubernetes.stop()
  }
}

/** One discovery in a new process. */
export async function readDiscovery(question: DiscoveryQuestion): Promise<Omit<CrowdReading, 'what'>> {
  const program = startProgram<DiscoveryQuestion, DiscoveryReading>('discovery')
  const reading = await program.ask(question)
  const usage = usageOf(program.pid)
  await program.stop()
  return { ...reading, ...usage }
}

/** The administrator's way to the API server, for an item of `kubernetes_sd_configs`. */
export const adminAccessOf = ({ url, caFile, admin }: Kubernetes): object => ({
  api_server: url,
  tls_config: { ca_file: caFile, cert_file: admin.certificate, key_file: admin.key },
})

function questionsOf(kubernetes: Kubernetes, { pods, nodes }: CrowdSize): readonly (readonly [string, DiscoveryQuestion])[] {
  const access = adminAccessOf(kubernetes)
  const job = (configs: readonly object[], rules: readonly object[] = []) => ({
    kubernetes_sd_configs: configs.map((config) => ({ ...config, ...access })),
    relabel_configs: rules,
  })
  const ofPods = { role: 'pod' }
  const whole = { role: 'pod', attach_metadata: { node: true, namespace: true } }
  const keep = { source_labels: ['__meta_kubernetes_pod_annotation_prometheus_io_scrape'], action: 'keep', regex: 'true' }
  return [
    ['pods', { job: { kubernetes_sd_configs: [{ ...ofPods, ...access }] }, expected: pods, scraping: false }],
    [
      'pods and nodes, labels of node and namespace',
      {
        job: { kubernetes_sd_configs: [whole, { role: 'node' }].map((one) => ({ ...one, ...access })) },
        expected: pods + nodes,
        scraping: false,
      },
    ],
    ['the same, a tenth of the pods is scraped', { job: job([whole], [keep]), expected: (pods / 10) * 3, scraping: true }],
    ['the same, all are scraped', { job: job([whole]), expected: pods * 3, scraping: true }],
  ]
}

const worstOf = (readings: readonly CrowdReading[]): CrowdReading => {
  const worst = (of: (reading: CrowdReading) => number): number => Math.max(...readings.map(of))
  return {
    what: readings[0]?.what ?? '',
    seconds: worst(({ seconds }) => seconds),
    longestStallMs: worst(({ longestStallMs }) => longestStallMs),
    longestWorkMs: worst(({ longestWorkMs }) => longestWorkMs),
    peakBytes: worst(({ peakBytes }) => peakBytes),
    cpuSeconds: worst(({ cpuSeconds }) => cpuSeconds),
    failures: worst(({ failures }) => failures),
    restarts: worst(({ restarts }) => restarts),
  }
}

function tableOf(rows: readonly CrowdReading[]): string {
  const cells = rows.map(({ what, seconds, longestStallMs, longestWorkMs, peakBytes, cpuSeconds }) =>
    [
      what,
      `${seconds.toFixed(1)} s`,
      `${cpuSeconds.toFixed(1)} s`,
      `${Math.round(peakBytes / 1e6)} MB`,
      `${Math.round(longestWorkMs)} ms`,
      `${Math.round(longestStallMs)} ms`,
    ].join(' | '),
  )
  return `| | found after | CPU | peak memory | longest work without a turn | longest wait of a timer |\n|---|---|---|---|---|---|\n${cells.map((row) => `| ${row} |\n`).join('')}`
}
