import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { freePort } from '@clymene/runtime/testing'

import { makeDataDirectory } from './data-directory.ts'
import { packageFile, unpackPackage } from './debian.ts'
import { answers, type Engine, startEngine } from './engine.ts'

export type PrometheusOptions = {
  /** From `freePort()`, when something has to know the address before the start; default a free one. */
  readonly port?: number
  /** How far back a sample may come out of order, as `30m`; without it every such sample is refused. */
  readonly outOfOrderWindow?: string
  /** Further keys of its configuration: a `remote_write`, scrapes. */
  readonly configuration?: Readonly<Record<string, unknown>>
  /** Further arguments of the command line. */
  readonly args?: readonly string[]
}

export const prometheusProgram = packageFile('prometheus', 'usr/bin/prometheus')

export const isPrometheusInstalled = (): boolean => existsSync(prometheusProgram)
export const installPrometheus = (): Promise<void> => unpackPackage('prometheus')

/** Takes remote write 1.0 under /api/v1/write and scrapes nothing. */
export async function startPrometheus({
  outOfOrderWindow,
  configuration: further = {},
  args = [],
  ...options
}: PrometheusOptions = {}): Promise<Engine> {
  const directory = makeDataDirectory('prometheus')
  const port = options.port ?? (await freePort())
  const configuration = {
    global: { scrape_interval: '1h' },
    ...further,
    ...(outOfOrderWindow !== undefined && { storage: { tsdb: { out_of_order_time_window: outOfOrderWindow } } }),
  }
  // JSON is YAML: no library needed to write it.
  writeFileSync(join(directory, 'prometheus.yml'), JSON.stringify(configuration))
  return startEngine({
    name: 'Prometheus',
    url: `http://127.0.0.1:${port}`,
    directory,
    command: prometheusProgram,
    args: [
      `--config.file=${join(directory, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-remote-write-receiver',
      '--log.level=warn',
      ...args,
    ],
    isReady: answers(`http://127.0.0.1:${port}/-/ready`),
  })
}
