export { formatPrometheusDuration, parsePrometheusDuration } from './duration.ts'
export { NO_LIMITS, type ScrapeHttp, type ScrapeJob, type ScrapeLimits } from './job.ts'
export { createPageWriter, noCounts, type PageCounts, type PageRules, type PageWriter } from './page-writer.ts'
export { createScrapeSource, type ScrapeSource, type ScrapeSourceOptions, type ScrapeTarget, type ScrapeTargets } from './scrape-source.ts'
