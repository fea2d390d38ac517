import { formatAddress, type Address } from '@clymene/runtime'
import { stringify } from 'yaml'

export type ServiceAddress = { readonly component: string; readonly address: Address }

/** A scrape configuration that reads the services' own metrics. */
export const ownMetricsConfig = (services: readonly ServiceAddress[], instance: string): string =>
  stringify({
    scrape_configs: [
      {
        job_name: 'clymene',
        scrape_interval: '5s',
        scrape_timeout: '4s',
        static_configs: services.map(({ component, address }) => ({
          targets: [formatAddress({ ...address, host: reachable(address.host) })],
          labels: { component, instance },
        })),
      },
    ],
  })

export type LogFilesOptions = {
  readonly paths: readonly string[]
  readonly ownLog: string
  readonly positionsPath: string
  readonly instance: string
}

/** A log configuration that reads this machine's files and the own log. Pods' files are in the format of the container runtime. */
export function hostLogsConfig({ paths, ownLog, positionsPath, instance }: LogFilesOptions): string {
  return stringify({
    positions: { filename: positionsPath },
    scrape_configs: [
      ...paths
        .filter((path) => !isPods(path))
        .map((path, index) =>
          staticJob({ name: `files-${index}`, job: 'varlogs', path, instance, exclude: '/var/log/{pods,containers}/**' }),
        ),
      ...paths
        .filter(isPods)
        .map((path, index) => ({ ...staticJob({ name: `pods-${index}`, job: 'pods', path, instance }), pipeline_stages: [{ cri: {} }] })),
      staticJob({ name: 'clymene', job: 'clymene', path: ownLog, instance }),
    ],
  })
}

const isPods = (path: string): boolean => path.startsWith('/var/log/pods/') || path.startsWith('/var/log/containers/')

type StaticJob = {
  readonly name: string
  readonly job: string
  readonly path: string
  readonly instance: string
  readonly exclude?: string
}

const staticJob = ({ name, job, path, instance, exclude }: StaticJob) => ({
  job_name: name,
  static_configs: [
    { targets: ['localhost'], labels: { job, instance, __path__: path, ...(exclude === undefined ? {} : { __path_exclude__: exclude }) } },
  ],
})

/** Where a server on this address can be reached from here. */
export const reachable = (host: string): string => (host === '' || host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host)
