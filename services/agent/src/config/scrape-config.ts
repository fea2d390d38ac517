import type { DiscoveryContext } from '@clymene/discovery'
import type { Labels } from '@clymene/model'
import type { ScrapeJob } from '@clymene/sources'

import type { ConfigText } from '../config-text.ts'
import { readExternalLabels } from './external-labels.ts'
import { readJobNames } from './job-names.ts'
import { createFileList, openJobFiles } from './scrape-config-files.ts'
import { readDefaults } from './scrape-defaults.ts'
import { readJob, type ReadJob } from './scrape-job.ts'
import { openYaml } from './section.ts'

export type ScrapeConfig = {
  readonly externalLabels: Labels
  readonly jobs: readonly ScrapeJob[]
  /** What is accepted and does nothing, a line each. */
  readonly warnings: readonly string[]
  /** Jobs whose series may end up without a `cluster`: no rule and no target label sets one. */
  readonly jobsWithoutCluster: readonly string[]
  /** The configuration as it was read, then each file that `scrape_config_files` names. Secrets stand in it. */
  readonly texts: readonly ConfigText[]
  /** Paths of what would be read now: files come and go. */
  readonly files: () => readonly string[]
  /** A line a job. */
  readonly summary: readonly string[]
  /** Of the jobs, one for one, the kinds of their discoverers. */
  readonly kinds: readonly (readonly string[])[]
  /** Files of credentials that cannot be read now, a line each: what needs one fails until it is there. */
  readonly missingFiles: () => readonly string[]
}

export type ScrapeConfigOptions = {
  /** `extra_scrape_metrics` where the configuration says nothing. */
  readonly extraScrapeMetrics?: boolean
}

type ReadWith = ScrapeConfigOptions & { readonly env: NodeJS.ProcessEnv; readonly context: DiscoveryContext }

/** Sections of Prometheus that an agent has no use for, and why. */
const STORES_NOTHING = 'has no effect, an agent stores and evaluates nothing'
const SERVER_SECTIONS: Readonly<Record<string, string>> = {
  rule_files: STORES_NOTHING,
  alerting: STORES_NOTHING,
  remote_write: 'has no effect and neither have its write_relabel_configs, STORAGE_TYPE and the flags of the storage say where samples go',
  remote_read: STORES_NOTHING,
  storage: STORES_NOTHING,
  tracing: STORES_NOTHING,
  otlp: 'has no effect, a gateway takes OTLP',
  runtime: 'has no effect, --log-level says what is logged',
}

/**
 * Reads a scrape configuration of Prometheus and the files that its `scrape_config_files` name.
 *
 * @param mistakes gets every mistake with file and line; what is returned is usable only when none was added.
 * @throws ConfigError when the text is no YAML map.
 */
export function readScrapeConfig(
  main: ConfigText,
  { env, context, extraScrapeMetrics = false }: ReadWith,
  mistakes: string[],
): ScrapeConfig {
  const { text, path } = main
  const root = openYaml(text, path, mistakes)
  const warnings = Object.entries(SERVER_SECTIONS).flatMap(([key, why]) => (root.has(key) ? [`${root.where(key)}: ${why}`] : []))
  root.accept(...Object.keys(SERVER_SECTIONS))
  const global = root.section('global')
  const externalLabels = readExternalLabels(global, env)
  const defaults = readDefaults(global, path, extraScrapeMetrics)
  global?.finish()
  const sections = root.sections('scrape_configs')
  const patterns = root.list('scrape_config_files') ?? []
  const files = openJobFiles(root, patterns, path, mistakes, warnings)
  root.finish()
  const used = new Map<string, string>()
  const jobs = [{ text: main, jobs: sections }, ...files].flatMap((file): readonly ReadJob[] => {
    const names = readJobNames(file.jobs, file.text.path, used)
    return file.jobs.map((section, index) => readJob(section, names[index] ?? '', { path: file.text.path, defaults, context }))
  })
  return {
    externalLabels,
    jobs: jobs.map(({ job }) => job),
    warnings: [...warnings, ...jobs.flatMap((one) => one.warnings)],
    jobsWithoutCluster: jobs.filter((one) => !one.setsCluster).map(({ job }) => job.name),
    texts: [main, ...files.map((file) => file.text)],
    files: createFileList(main),
    summary: jobs.map(({ summary }) => summary),
    kinds: jobs.map(({ kinds }) => kinds),
    missingFiles: () => jobs.flatMap((one) => one.missingFiles()),
  }
}
