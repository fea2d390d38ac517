import { Counter, Gauge, Histogram, Registry } from 'prom-client'

import { collectProcessMetrics } from './process-metrics.ts'

/**
 * The own metrics of one component. Names are given whole (`clymene_<component>_<noun>_<unit>[_total]`), asking twice for a
 * name gives the same metric, so every package can ask for what it counts.
 */
export type Metrics = {
  readonly registry: Registry
  readonly counter: <L extends string = never>(name: string, help: string, labelNames?: readonly L[]) => Counter<L>
  readonly gauge: <L extends string = never>(
    name: string,
    help: string,
    labelNames?: readonly L[],
    collect?: (gauge: Gauge<L>) => void,
  ) => Gauge<L>
  readonly histogram: <L extends string = never>(
    name: string,
    help: string,
    labelNames?: readonly L[],
    buckets?: readonly number[],
  ) => Histogram<L>
}

/** Seconds, from a fast memory write to a time-out. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

export function createMetrics(options: { readonly processMetrics?: boolean } = {}): Metrics {
  const registry = new Registry()
  if (options.processMetrics === true) collectProcessMetrics(registry)
  const known = new Map<string, unknown>()
  const once = <T>(name: string, create: () => T): T => {
    if (!known.has(name)) known.set(name, create())
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- stored under this name by the same kind of call
    return known.get(name) as T
  }
  return {
    registry,
    counter: (name, help, labelNames = []) =>
      once(name, () => new Counter({ name, help, labelNames: [...labelNames], registers: [registry] })),
    gauge: <L extends string>(name: string, help: string, labelNames: readonly L[] = [], collect?: (gauge: Gauge<L>) => void) =>
      once(name, () => {
        const gauge: Gauge<L> = new Gauge({
          name,
          help,
          labelNames: [...labelNames],
          registers: [registry],
          ...(collect === undefined ? {} : { collect: () => collect(gauge) }),
        })
        return gauge
      }),
    histogram: (name, help, labelNames = [], buckets = SECONDS) =>
      once(name, () => new Histogram({ name, help, labelNames: [...labelNames], buckets: [...buckets], registers: [registry] })),
  }
}
