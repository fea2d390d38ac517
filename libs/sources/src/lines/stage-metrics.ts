import { errorMessage, type Logger } from '@clymene/model'
import type { Metrics } from '@clymene/runtime'
import { createPipeline, NO_STAGE_METRICS, type StageConfig, type StageMetricDefinition, type StageMetrics } from '@clymene/stages'

import { createSeriesFamily, type SeriesFamily, type StageSeries, type StageSeriesBudget } from './series-family.ts'

export type StageMetricsOptions = {
  /** Where they are served. */
  readonly metrics: Metrics
  readonly logger: Logger
  /** Series of all metrics together; what comes beyond is counted and not recorded. Default 10,000. */
  readonly maxSeries?: number
  /** Clock for what is idle, milliseconds; default performance.now. */
  readonly now?: () => number
}

/** The metrics of the stages of all jobs. */
export type ServedStageMetrics = StageMetrics & {
  /** The stages of the jobs from now on, before any of them runs: a metric that none of them declares as it is ends, and may be declared as another one. */
  readonly reload: (pipelines: Iterable<readonly StageConfig[]>) => void
}

type Type = 'counter' | 'gauge' | 'histogram'
type Scalar = { sum: number }
type Buckets = { readonly counts: number[]; sum: number; count: number }
/** What prom-client reads of a metric when it is scraped. */
type Declared = { readonly shape: string; help: string; readonly family: Pick<SeriesFamily<unknown>, 'keepIdle' | 'close'> }
type Exposed = { readonly labels: Readonly<Record<string, string>>; readonly value: number; readonly metricName?: string }

/**
 * Serves the metrics that stages declare beside the agent's own. A name means one metric, whoever declares it: of two that
 * differ in type or buckets, or of one that the agent has itself, only the first is there, and an error is logged.
 *
 * prom-client's own counters want their label names beforehand; here they are those of the lines, so only its registry is used.
 */
export function createStageMetrics({
  metrics,
  logger,
  maxSeries = 10_000,
  now = () => performance.now(),
}: StageMetricsOptions): ServedStageMetrics {
  const budget: StageSeriesBudget = { max: maxSeries, used: 0 }
  const refused = metrics.counter(
    'clymene_agent_stage_series_refused_total',
    'Records of metrics stages that were left out because there are as many series as there may be',
  )
  metrics.gauge('clymene_agent_stage_series', 'Series of metrics stages', [], (gauge) => gauge.set(budget.used))
  const declared = new Map<string, Declared>()

  /** The family of that name; undefined when it is something else already. */
  const declare = <V>(
    type: Type,
    { name, help, maxIdleMs }: StageMetricDefinition,
    shape: string,
    create: () => V,
    expose: (series: StageSeries<V>) => readonly Exposed[],
  ): SeriesFamily<V> | undefined => {
    const before = declared.get(name)
    try {
      if (before !== undefined && before.shape !== shape) throw new Error(`it is a ${before.shape} already, and cannot be a ${shape}`)
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the shape says what is in it
      if (before !== undefined) return before.family as SeriesFamily<V>
      const family = createSeriesFamily({ create, maxIdleMs, budget, onRefused: () => refused.inc(), now })
      const one: Declared = { shape, help, family }
      const get = async () => ({ name, help: one.help, type, aggregator: 'sum', values: family.current().flatMap(expose) })
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a registry reads these members only
      metrics.registry.registerMetric({ name, help, type, get } as unknown as Parameters<Metrics['registry']['registerMetric']>[0])
      declared.set(name, one)
      return family
    } catch (error) {
      logger.error('metric of a stage is not served', { metric: name, error: errorMessage(error) })
      return undefined
    }
  }
  const declareScalar = (type: Type, definition: StageMetricDefinition): ReturnType<StageMetrics['gauge']> => {
    const create = (): Scalar => ({ sum: 0 })
    const family = declare(type, definition, type, create, ({ labels, value }) => [
      { labels: Object.fromEntries(labels), value: value.sum },
    ])
    if (family === undefined) return NO_STAGE_METRICS.gauge(definition)
    return {
      add: (labels, value) => {
        const scalar = family.of(labels)
        if (scalar !== undefined) scalar.sum += value
      },
      set: (labels, value) => {
        const scalar = family.of(labels)
        if (scalar !== undefined) scalar.sum = value
      },
    }
  }
  return {
    reload: (pipelines) => {
      const wanted = definitionsOf(pipelines)
      for (const [name, one] of declared) {
        const definition = wanted.get(name)?.get(one.shape)
        if (definition === undefined) {
          one.family.close()
          declared.delete(name)
          metrics.registry.removeSingleMetric(name)
        } else {
          one.help = definition.help
          one.family.keepIdle(definition.maxIdleMs)
        }
      }
    },
    counter: (definition) => declareScalar('counter', definition),
    gauge: (definition) => declareScalar('gauge', definition),
    histogram: (definition) => {
      const { name, buckets: limits } = definition
      const create = (): Buckets => ({ counts: Array.from({ length: limits.length }, () => 0), sum: 0, count: 0 })
      const family = declare('histogram', definition, histogramOf(limits), create, (series) => exposeBuckets(name, limits, series))
      if (family === undefined) return NO_STAGE_METRICS.histogram(definition)
      return {
        observe: (labels, value) => {
          const histogram = family.of(labels)
          if (histogram === undefined) return
          const bucket = limits.findIndex((limit) => value <= limit)
          if (bucket !== -1) histogram.counts[bucket] = (histogram.counts[bucket] ?? 0) + 1
          histogram.sum += value
          histogram.count++
        },
      }
    },
  }
}

/** What stages declare, by name and shape; of several that are alike the first. */
function definitionsOf(pipelines: Iterable<readonly StageConfig[]>): ReadonlyMap<string, ReadonlyMap<string, StageMetricDefinition>> {
  const definitions = new Map<string, Map<string, StageMetricDefinition>>()
  const note = (definition: StageMetricDefinition, shape: string): void => {
    const shapes = definitions.get(definition.name) ?? new Map<string, StageMetricDefinition>()
    definitions.set(definition.name, shapes)
    if (!shapes.has(shape)) shapes.set(shape, definition)
  }
  const noting: StageMetrics = {
    counter: (definition) => (note(definition, 'counter'), NO_STAGE_METRICS.counter(definition)),
    gauge: (definition) => (note(definition, 'gauge'), NO_STAGE_METRICS.gauge(definition)),
    histogram: (definition) => (note(definition, histogramOf(definition.buckets)), NO_STAGE_METRICS.histogram(definition)),
  }
  // Stages declare theirs when they start.
  for (const stages of pipelines) createPipeline(stages, { now: () => 0n, metrics: noting })
  return definitions
}

const histogramOf = (limits: readonly number[]): string => `histogram of ${limits.join()}`

function exposeBuckets(name: string, limits: readonly number[], { labels: own, value }: StageSeries<Buckets>): readonly Exposed[] {
  const labels = Object.fromEntries(own)
  let below = 0
  const buckets = limits.map((limit, index) => {
    below += value.counts[index] ?? 0
    return { metricName: `${name}_bucket`, labels: { ...labels, le: String(limit) }, value: below }
  })
  return [
    ...buckets,
    { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: value.count },
    { metricName: `${name}_sum`, labels, value: value.sum },
    { metricName: `${name}_count`, labels, value: value.count },
  ]
}
