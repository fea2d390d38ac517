import type { TargetGroup } from '@clymene/model'

import { metaLabels } from '../kubernetes/meta-labels.ts'
import type { PodDescription } from './description.ts'
import type { PodLogs } from './list-pod-logs.ts'

/**
 * A target for each path, with the meta labels that the role `pod` gives a container: what the path says is from the path, so that it
 * stays as it is whatever the API server says later, the rest is from the description.
 */
export function podLogsGroup(logs: PodLogs, description: PodDescription | undefined, ownNode: string | undefined): TargetGroup {
  const { namespace, name, uid, key, containers } = logs
  return {
    source: `pod-logs/${key}`,
    labels: new Map([
      ...metaLabels(['pod_node_name', ownNode]),
      ...(description?.labels ?? []),
      ...metaLabels(['namespace', namespace], ['pod_name', name], ['pod_uid', uid]),
    ]),
    targets: containers.map((container) => {
      const [, described = []] = description?.containers.find(([one]) => one === container.name) ?? []
      return new Map([...described, ...metaLabels(['pod_container_name', container.name]), ['__path__', container.path]])
    }),
  }
}
