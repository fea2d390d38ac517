import type { Labels } from '@clymene/model'
import type { MetricType } from '@clymene/wire'

import type { TargetHealth } from './target-loop.ts'

/** A target as the pages and Prometheus' `/api/v1/targets` show it. */
export type ScrapeTarget = TargetHealth & {
  /** Also the name of Prometheus' scrape pool. */
  readonly job: string
  readonly url: string
  /** The same where others can follow it: a loopback host is replaced by this machine's name. */
  readonly globalUrl: string
  readonly labels: Labels
  readonly discovered: ReadonlyMap<string, string>
  readonly intervalMs: number
  readonly timeoutMs: number
}

export type ScrapeTargets = {
  readonly active: readonly ScrapeTarget[]
  /** At most as many of a job as it keeps (`keep_dropped_targets`). */
  readonly dropped: readonly { readonly job: string; readonly reason: string; readonly discovered: ReadonlyMap<string, string> }[]
  /** By job: how many were dropped, also those that are not kept, and how many belong to other shards. */
  readonly counts: ReadonlyMap<string, { readonly dropped: number; readonly otherShards: number }>
}

export type FamilyMetadata = { readonly type: MetricType; readonly help: string; readonly unit: string }

/** What a target has said about its metric families. */
export type TargetMetadata = {
  readonly job: string
  readonly target: Labels
  readonly families: ReadonlyMap<string, FamilyMetadata>
}

/** A label that is not the same in all series of a target. */
export type GrowingLabel = {
  readonly name: string
  /** How many were seen in the series that were looked at. */
  readonly values: number
  /** How many series were looked at; there may be more values in the others. Absent: all of the target. */
  readonly sampled?: number
}

export type TargetCardinality = {
  readonly job: string
  readonly target: Labels
  readonly url: string
  /** Of the last good page, after metric_relabel_configs. */
  readonly series: number
  /** 0: none. */
  readonly limit: number
  /** Series of the last good page that were not sent, because the target or its job has too many. */
  readonly leftOut: number
  /** Most values first; of the series that were left out if there are any, else of the newest ones. Empty for targets that are far from the largest. */
  readonly labels: readonly GrowingLabel[]
}

/** The series of one target, and of its job, beside their limits. */
export type SeriesStanding = Pick<TargetCardinality, 'series' | 'limit' | 'leftOut'> & {
  readonly job: Pick<TargetCardinality, 'series' | 'limit' | 'leftOut'>
  /** Whether the last good page had a series that is sent with these labels; false also when it was left out. */
  readonly sends: (labels: Labels) => boolean
}

export type JobCardinality = {
  readonly job: string
  readonly series: number
  /** 0: none. */
  readonly limit: number
  readonly leftOut: number
}

export type ScrapeCardinality = {
  readonly jobs: readonly JobCardinality[]
  /** Most series first. */
  readonly targets: readonly TargetCardinality[]
}
