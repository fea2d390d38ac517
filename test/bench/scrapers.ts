import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { startService } from '../e2e/service.ts'
import { makeDataDirectory } from '../engines/data-directory.ts'
import { startPrometheus3, startVmagent, whyUnavailable } from '../engines/index.ts'

/** What all of them are told to do. */
export type ScrapeWork = {
  readonly addresses: readonly string[]
  readonly intervalSeconds: number
  /** Remote write is taken there. */
  readonly sink: string
}
export type RunningScraper = { readonly pid: number; readonly stop: () => Promise<void> }
export type Scraper = {
  readonly name: string
  /** Why it is not here; undefined when it is. */
  readonly whyNot: () => string | undefined
  readonly start: (work: ScrapeWork) => Promise<RunningScraper>
}

/** As users start it: buffer on the disk, cluster, one rule for series; the sink answers as a gateway does. */
const clymene: Scraper = {
  name: 'clymene agent',
  whyNot: () => undefined,
  start: async (work) => {
    const directory = makeDataDirectory('agent-bench')
    writeFileSync(join(directory, 'scrape.yml'), JSON.stringify(configurationOf(work)))
    const { pid, stop } = await startService('agent', {
      environment: { STORAGE_TYPE: 'gateway' },
      flags: [
        `--config.file=${join(directory, 'scrape.yml')}`,
        `--buffer.dir=${join(directory, 'buffer')}`,
        '--http.port=127.0.0.1:0',
        '--gateway.service-type=http',
        `--gateway.http-client.url=${work.sink}/api/metrics`,
        `--gateway.http-client.logs.url=${work.sink}/api/logs`,
      ],
    })
    return { pid, stop }
  },
}

const prometheus: Scraper = {
  name: 'Prometheus 3.15 --agent',
  whyNot: () => whyUnavailable('prometheus3'),
  start: (work) => {
    const configuration = { ...configurationOf(work), remote_write: [{ url: `${work.sink}/api/v1/write` }] }
    return startPrometheus3({ agent: true, configuration })
  },
}

const vmagent: Scraper = {
  name: 'vmagent 1.79',
  whyNot: () => whyUnavailable('vmagent'),
  start: (work) => startVmagent({ configuration: configurationOf(work), remoteWriteUrl: `${work.sink}/api/v1/write` }),
}

export const SCRAPERS: readonly Scraper[] = [clymene, prometheus, vmagent]

const configurationOf = ({ addresses, intervalSeconds }: ScrapeWork) => ({
  global: { scrape_interval: `${intervalSeconds}s`, scrape_timeout: `${intervalSeconds}s`, external_labels: { cluster: 'bench' } },
  scrape_configs: [
    {
      job_name: 'cadvisor',
      static_configs: [{ targets: addresses, labels: { node: 'worker-3' } }],
      metric_relabel_configs: [{ source_labels: ['__name__'], regex: 'go_gc_.*', action: 'drop' }],
    },
  ],
})
