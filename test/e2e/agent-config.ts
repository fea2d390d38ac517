import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A scrape of one target twice a second, as a file. `cluster` becomes a label, where the job itself is to say it. */
export function writeScrapeConfig(directory: string, address: string, cluster = ''): string {
  const path = join(directory, 'scrape.yml')
  writeFileSync(
    path,
    `
global: {scrape_interval: 500ms, scrape_timeout: 400ms}
scrape_configs:
  - job_name: counted
    static_configs: [{targets: ['${address}'], labels: {${cluster === '' ? '' : `cluster: ${cluster}`}}}]
`,
  )
  return path
}

/** All `*.log` files of the folder `pods`, in the container runtime's format, as a file. */
export function writeLogConfig(directory: string, cluster = ''): string {
  const path = join(directory, 'promtail.yml')
  writeFileSync(
    path,
    `
positions: {filename: ${join(directory, 'positions.yaml')}}
scrape_configs:
  - job_name: shop
    pipeline_stages: [{cri: {}}]
    static_configs:
      - targets: [localhost]
        labels: {job: shop, ${cluster === '' ? '' : `cluster: ${cluster}, `}__path__: '${join(directory, 'pods')}/**/*.log'}
`,
  )
  return path
}
