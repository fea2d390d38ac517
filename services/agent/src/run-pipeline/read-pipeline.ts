import { createDiscoveryContext } from '@clymene/discovery'
import { ConfigError, type Labels } from '@clymene/model'
import { createMetrics, silentLogger } from '@clymene/runtime'
import type { FileJob, JournalJob, StdinJob } from '@clymene/sources'
import { parseStages, type StageConfig } from '@clymene/stages'

import type { ConfigText } from '../config-text.ts'
import { expandEnvironment } from '../config/expand-environment.ts'
import { inLineOrder } from '../config/in-line-order.ts'
import { readLogConfig, type LogConfig } from '../config/log-config.ts'
import { openYaml } from '../config/section.ts'
import { staticLabels } from './static-labels.ts'

export type ReadPipelineOptions = {
  readonly config: ConfigText
  /** Which job of a whole configuration is meant; '' where it has just one. */
  readonly job: string
  /** Variables that are put in first; absent: the text is taken as it is. */
  readonly expandFrom?: NodeJS.ProcessEnv
}

export type ReadPipeline = {
  readonly stages: readonly StageConfig[]
  readonly warnings: readonly string[]
  /** Of every line, as the targets of a job have them; [] of stages alone, undefined when only a running agent can know. */
  readonly labels: Labels | undefined
}

/**
 * The stages that a file says: a list of them, a map with `pipeline_stages`, or a whole configuration of Promtail, which is then checked
 * as a whole.
 *
 * @throws ConfigError with every mistake.
 */
export function readPipeline({ config, job, expandFrom }: ReadPipelineOptions): ReadPipeline {
  const mistakes: string[] = []
  const warnings: string[] = []
  const { path } = config
  const text = expandFrom === undefined ? config.text : expandEnvironment(config, expandFrom, { mistakes, warnings })
  const root = openYaml(text, path, mistakes, 'pipeline_stages')
  if (root.has('pipeline_stages')) {
    const stages = root.parsed('pipeline_stages', parseStages, [])
    root.accept('job_name')
    root.finish()
    if (job !== '') mistakes.push(`--job=${JSON.stringify(job)} has no meaning: ${path} has stages and no jobs`)
    return checked(mistakes, () => ({ stages, warnings, labels: [] }))
  }
  const context = createDiscoveryContext({ logger: silentLogger, metrics: createMetrics() })
  const whole = readLogConfig(text, path, context, mistakes)
  return checked(mistakes, () => {
    const found = jobOf(whole, job, path)
    const section = root.sections('scrape_configs').find((one) => one.string('job_name', '') === found.name)
    return {
      stages: found.pipeline,
      warnings: [...warnings, ...whole.warnings],
      labels: 'discoverers' in found ? section && staticLabels(section, found.relabel) : found.labels,
    }
  })
}

function checked(mistakes: readonly string[], read: () => ReadPipeline): ReadPipeline {
  if (mistakes.length > 0) throw new ConfigError(inLineOrder(mistakes))
  return read()
}

type ReadJob = FileJob | JournalJob | StdinJob

function jobOf({ jobs: ofFiles, journalJobs, stdinJob }: LogConfig, name: string, path: string): ReadJob {
  const jobs = [...ofFiles, ...journalJobs, ...(stdinJob === undefined ? [] : [stdinJob])]
  const found = name === '' && jobs.length === 1 ? jobs[0] : jobs.find((job) => job.name === name)
  if (found !== undefined) return found
  const names = jobs.map((job) => JSON.stringify(job.name)).join(', ')
  if (jobs.length === 0) throw new ConfigError(`${path}: expected pipeline_stages, or scrape_configs with a job`)
  throw new ConfigError(
    name === '' ? `--job: expected which one of ${names} is meant` : `--job=${JSON.stringify(name)}: expected one of ${names}`,
  )
}
