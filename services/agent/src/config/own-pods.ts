import type { DiscovererConfig } from '@clymene/discovery'
import type { Discoverer, TargetGroup } from '@clymene/model'

import type { LogContext } from './log-config.ts'

/**
 * Starts a discoverer of a log job, without the namespaces that are excluded. One that looks for the pods of one node says once when the
 * first look finds none.
 */
export function createLogDiscoverer({ create, ofNode }: DiscovererConfig, job: string, context: LogContext): Discoverer {
  const discoverer = withoutNamespaces(create(context), new Set(context.excludedNamespaces))
  if (ofNode === undefined) return discoverer
  const hint = context.ownNodeHint === undefined ? [] : [`(${context.ownNodeHint})`]
  let isFirst = true
  return {
    ...discoverer,
    run: (update, signal) =>
      discoverer.run((groups) => {
        if (isFirst && groups.every(({ targets }) => targets.length === 0))
          context.logger.info(['no pod on node', ofNode, ...hint].join(' '), { job })
        isFirst = false
        update(groups)
      }, signal),
  }
}

function withoutNamespaces(discoverer: Discoverer, excluded: ReadonlySet<string>): Discoverer {
  if (excluded.size === 0) return discoverer
  const without = (group: TargetGroup): TargetGroup =>
    excluded.has(group.labels.get('__meta_kubernetes_namespace') ?? '') ? { ...group, targets: [] } : group
  return { ...discoverer, run: (update, signal) => discoverer.run((groups) => update(groups.map(without)), signal) }
}
