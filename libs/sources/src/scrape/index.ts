export { formatPrometheusDuration, parsePrometheusDuration } from './duration.ts'
export { explainSeries, explainTarget, type SeriesExplanation, type TargetExplanation } from './explain.ts'
export { NO_LIMITS, type ScrapeFailure, type ScrapeHttp, type ScrapeJob, type ScrapeLimits } from './job.ts'
export { noCounts, type PageCounts } from './page-counts.ts'
export { createPageWriter, type PageWriter } from './page-writer.ts'
export type { PageRules } from './read-page.ts'
export { createScrapeSource, type ScrapeSource, type ScrapeSourceOptions } from './scrape-source.ts'
export type {
  FamilyMetadata,
  GrowingLabel,
  JobCardinality,
  ScrapeCardinality,
  SeriesStanding,
  ScrapeTarget,
  ScrapeTargets,
  TargetCardinality,
  TargetMetadata,
} from './scrape-view.ts'
export { streamOf } from './sender.ts'
export { isOfShard } from './shard.ts'
