import { errorMessage } from '@clymene/model'
import { createOnceIn } from '@clymene/runtime'

import type { DiscoveryContext } from '../discoverer-config.ts'
import { DiscoveryError } from '../discovery-error.ts'
import type { PodLogsConfig } from './config.ts'
import { listPodLogs, type PodLogsListing } from './list-pod-logs.ts'

export type PodFolders = {
  /** What is there now; what was there last when it cannot be read; undefined: it never could. */
  readonly look: () => Promise<PodLogsListing | undefined>
  /** Why it cannot be read. */
  readonly trouble: () => string | undefined
  readonly close: () => void
}

export const POD_LOGS = 'pod_logs'

export function openPodFolders(
  { root, namespaces, excludedNamespaces }: PodLogsConfig,
  { logger, lookups, answerLimits }: Pick<DiscoveryContext, 'logger' | 'lookups' | 'answerLimits'>,
): PodFolders {
  const complain = createOnceIn(60_000)
  const { state, close } = lookups.open(POD_LOGS)
  let listing: PodLogsListing | undefined
  let trouble: string | undefined
  const isWanted = (namespace: string): boolean =>
    (namespaces.length === 0 || namespaces.includes(namespace)) && !excludedNamespaces.includes(namespace)

  const read = async (): Promise<PodLogsListing> => {
    const found = await listPodLogs({ root, isWanted })
    const targets = [...found.pods.values()].reduce((sum, { containers }) => sum + containers.length, 0)
    if (targets > answerLimits.targets)
      throw new DiscoveryError('limit', `${targets} containers have logs there, --discovery.max-targets is ${answerLimits.targets}`)
    state.targets = targets
    state.heardMs = performance.now()
    return found
  }
  return {
    look: async () => {
      try {
        listing = await read()
        trouble = undefined
        lookups.success(POD_LOGS)
      } catch (error) {
        const reason = error instanceof DiscoveryError ? error.reason : 'file'
        const message = errorMessage(error)
        trouble = `${root}: ${message}`
        lookups.failure(POD_LOGS, reason)
        complain(reason, () => logger.warn('logs of pods cannot be found, those that are known stay', { path: root, error: message }))
      }
      return listing
    },
    trouble: () => trouble,
    close,
  }
}
