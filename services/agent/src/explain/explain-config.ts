import { createDiscoveryContext } from '@clymene/discovery'
import { createMetrics, silentLogger } from '@clymene/runtime'

import { withCluster } from '../config/external-labels.ts'
import { discoverOnce } from '../discover-once.ts'
import { readScrapeConfigs, type ConfigText } from '../read-configs.ts'
import { chooseCandidates, explainMatching, type Chosen, type Explanations, type ExplainQuery } from './explain-matching.ts'
import type { Candidate, ExplainOptions } from './explanation.ts'
import { liveStep } from './live.ts'

export type ExplainConfigOptions = Pick<ExplainOptions, 'streams' | 'shards'> & {
  readonly text: ConfigText
  /** `--cluster` of the agent. */
  readonly cluster: string
  /** How long discovery may take. */
  readonly timeoutMs: number
  /** The first target that is meant is scraped once. */
  readonly live: boolean
  readonly env: NodeJS.ProcessEnv
}

/**
 * Explains targets of a configuration that no agent runs: each job that may be meant discovers its targets once.
 *
 * @returns also what discovery did not tell, a line each.
 * @throws ConfigError with every mistake of the configuration, or of the query.
 */
export async function explainConfig(
  { text, cluster, timeoutMs, live, env, ...options }: ExplainConfigOptions,
  query: ExplainQuery,
): Promise<Explanations & { readonly missing: readonly string[] }> {
  const context = createDiscoveryContext({ logger: silentLogger, metrics: createMetrics(), surroundings: { env } })
  try {
    const configs = readScrapeConfigs([text], env, context)
    // A wrong query need not wait for what is discovered.
    chooseCandidates([], query)
    const jobs = configs.flatMap(({ jobs: all, externalLabels }) =>
      all.map((job) => ({ job, externalLabels: withCluster(externalLabels, cluster) })),
    )
    const meant = jobs.filter(({ job }) => query.job === '' || job.name === query.job)
    const discovered = await Promise.all(meant.map(async (one) => ({ ...one, ...(await discoverOnce(one.job.discoverers, timeoutMs)) })))
    const candidates = discovered.flatMap(({ job, externalLabels, found }) =>
      found.map((labels): Candidate => ({ job, externalLabels, found: labels })),
    )
    const missing = discovered.flatMap(({ job, missing: of }) => of.map((reason) => `job ${JSON.stringify(job.name)}: ${reason}`))
    const told = explainMatching(candidates, query, options)
    return { ...(live ? await withLive(told, chooseCandidates(candidates, query)) : told), missing }
  } finally {
    await context.close()
  }
}

/** The first target that is scraped gets what a scrape of now says. */
async function withLive(told: Explanations, { first, series }: Chosen): Promise<Explanations> {
  const index = told.explanations.findIndex(({ url }) => url !== undefined)
  const [candidate, explanation] = [first[index], told.explanations[index]]
  if (candidate === undefined || explanation === undefined) return told
  const step = await liveStep(candidate, series)
  return { ...told, explanations: told.explanations.with(index, { ...explanation, steps: [...explanation.steps, step] }) }
}
