import type { DiscovererConfig } from '@clymene/discovery'
import type { Discoverer } from '@clymene/model'

import type { LogContext } from './log-config.ts'

/** Starts a discoverer of a log job; one that asks for the pods of one node says once when the first look finds none. */
export function createLogDiscoverer({ create, ofNode }: DiscovererConfig, job: string, context: LogContext): Discoverer {
  const discoverer = create(context)
  if (ofNode === undefined) return discoverer
  const hint = context.ownNodeHint === undefined ? [] : [`(${context.ownNodeHint})`]
  let isFirst = true
  return {
    run: (update, signal) =>
      discoverer.run((groups) => {
        if (isFirst && groups.every(({ targets }) => targets.length === 0))
          context.logger.info(['no pod on node', ofNode, ...hint].join(' '), { job })
        isFirst = false
        update(groups)
      }, signal),
  }
}
