import { dirname } from 'node:path'

import { isDiscoveryKey } from '@clymene/discovery'
import { parseRelabelConfigs, type RelabelRule } from '@clymene/relabel'
import type { FileJob } from '@clymene/sources'
import { parseStages, type StageConfig } from '@clymene/stages'

import { readDiscovery, setsCluster } from './discovery.ts'
import { jobSummary } from './job-summary.ts'
import type { LogContext } from './log-config.ts'
import { createLogDiscoverer } from './own-pods.ts'
import { refuseFileForms, whyNotRead } from './refused-sources.ts'
import type { Section } from './section.ts'

export type ReadLogJob = {
  readonly job: FileJob
  /** Every line surely gets a `cluster` of its own. */
  readonly setsCluster: boolean
  /** What a user may not expect, a line each. */
  readonly warnings: readonly string[]
  /** The job in a line. */
  readonly summary: string
}

/** One item of `scrape_configs` of Promtail, as far as it is about files. */
export function readLogJob(section: Section, name: string, path: string, context: LogContext): ReadLogJob {
  const rules = section.parsed('relabel_configs', parseRelabelConfigs, [])
  const pipeline = section.parsed('pipeline_stages', parseStages, [])
  const { ownNode } = context
  const discovery = readDiscovery(section, path, {
    defaultTarget: 'localhost',
    forFiles: true,
    ...(ownNode === undefined ? {} : { ownNode }),
  })
  refuseFileForms(section)
  const warnings = section.keys().some((key) => isDiscoveryKey(key) || whyNotRead(key) !== undefined)
    ? []
    : [`${section.where()}: reads nothing: expected static_configs or another discovery`]
  const ofDocker = section.has('docker_sd_configs') && !setsPath(rules)
  if (ofDocker) warnings.push(`${section.where('docker_sd_configs')}: ${DOCKER_NOTE}`)
  const job: FileJob = {
    name,
    pipeline: ofDocker ? [...DOCKER_STAGES, ...pipeline] : pipeline,
    relabel: ofDocker ? [...DOCKER_PATHS, ...rules] : rules,
    discoverers: discovery.map((config) => createLogDiscoverer(config, name, context)),
    // Files that it names lie beside the configuration.
    fingerprint: JSON.stringify([dirname(path), section.fingerprint()]),
  }
  section.finish(whyNotRead)
  return { job, setsCluster: setsCluster(section, rules), warnings, summary: jobSummary(section, job, kindsOf(section)) }
}

const kindsOf = (section: Section): string => section.keys().filter(isDiscoveryKey).join(', ') || 'no discovery'

const setsPath = (rules: readonly RelabelRule[]): boolean =>
  rules.some(({ action, targetLabel, replacement }) =>
    action === 'labelmap' ? replacement.startsWith('__path') : targetLabel === '__path__',
  )

/** Promtail asks the API of Docker for the lines of a container; here they are read where Docker keeps them. */
const DOCKER_NOTE =
  'lines are read from /var/lib/docker/containers, where the logging driver json-file keeps them: it has to be readable here; a rule that sets __path__ names another place'
const DOCKER_PATHS = parseRelabelConfigs(
  [
    {
      source_labels: ['__meta_docker_container_id'],
      regex: '(.+)',
      replacement: '/var/lib/docker/containers/$1/$1-json.log',
      target_label: '__path__',
    },
  ],
  'docker_sd_configs',
)
const DOCKER_STAGES: readonly StageConfig[] = parseStages([{ docker: {} }], 'docker_sd_configs')
