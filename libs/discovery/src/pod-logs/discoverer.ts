import type { Discoverer, TargetGroup } from '@clymene/model'

import type { DiscoveryContext } from '../discoverer-config.ts'
import { changedGroups, groupsByName, type Groups } from '../group-changes.ts'
import { watchFolders } from '../watch-folders.ts'
import type { PodLogsConfig } from './config.ts'
import { createDescriber, type Describer } from './describer.ts'
import { openPodFolders, type PodFolders } from './folders.ts'
import { podLogsGroup } from './group.ts'
import type { PodLogs } from './list-pod-logs.ts'
import { openPodView, type PodView } from './pod-view.ts'

/**
 * A target for each container whose logs lie on this node, a group for each pod. The folders say which there are, with namespace, pod,
 * container and uid; what the API server knows beside is added, and stays when it forgets the pod before its logs are gone. A folder that
 * cannot be read keeps what is known. The first update waits for the API server, but not for longer than a new pod does.
 */
export function createPodLogsDiscoverer(config: PodLogsConfig, context: DiscoveryContext): Discoverer {
  const running = new Map<PodFolders, { said: boolean }>()
  const { logger, podLogs } = context
  return {
    waits: () => [...running.values()].some(({ said }) => !said),
    trouble: () => {
      for (const folders of running.keys()) if (folders.trouble() !== undefined) return folders.trouble()
      return undefined
    },
    run: async (update, signal) => {
      if (signal.aborted) return
      const folders = openPodFolders(config, context)
      const state = { said: false }
      running.set(folders, state)
      const changes = watchFolders([], logger)
      let pods: ReadonlyMap<string, PodLogs> = new Map()
      const names = new Set<string>()
      let view: PodView | undefined
      let groups: Groups = new Map()
      try {
        await podLogs.memory.load()
        let listing = await folders.look()
        // Not before: what was here already when all pods were listed, and is none of them, is over.
        view = openApi(config, context, (changed) => {
          if (changed.length === 0 || changed.some((name) => names.has(name))) changes.wake()
        })
        const describer = createDescriber({ view, scope: scopeOf(config), selects: config.selects, ...podLogs })
        const patienceEndsMs = performance.now() + podLogs.apiWaitMs
        for (; !signal.aborted; listing = await folders.look()) {
          if (listing !== undefined && listing.pods !== pods) {
            for (const key of pods.keys()) if (!listing.pods.has(key)) describer.forget(key)
            pods = listing.pods
            names.clear()
            for (const { namespace, name } of pods.values()) names.add(`${namespace}/${name}`)
            if (changes.follow(listing.folders)) changes.wake()
          }
          const nowMs = performance.now()
          const { made, untilMs } = makeGroups(pods.values(), describer, config.ofNode, nowMs)
          const mayBegin = untilMs === undefined || (untilMs !== Infinity && nowMs >= patienceEndsMs)
          if (listing !== undefined && (state.said || mayBegin)) {
            const after = groupsByName(made)
            const changed = changedGroups(groups, after)
            groups = after
            if (!state.said) warnOfOtherNode(config, pods, view, context)
            if (!state.said || changed.length > 0) {
              state.said = true
              update(changed)
            }
          }
          await changes.next(Math.max(1, Math.min(config.refreshMs, (untilMs ?? Infinity) - nowMs)), signal)
        }
      } finally {
        running.delete(folders)
        changes.close()
        view?.close()
        folders.close()
      }
    },
  }
}

/** Without a word about it the API server of the cluster around is asked, where there is a cluster. */
function openApi(config: PodLogsConfig, { watches }: DiscoveryContext, changed: (names: readonly string[]) => void): PodView | undefined {
  const isInCluster = (watches.surroundings.env['KUBERNETES_SERVICE_HOST'] ?? '') !== ''
  const asks = config.asks === 'auto' ? config.namesApi || isInCluster : config.asks
  return asks ? openPodView(config, watches, changed) : undefined
}

const scopeOf = ({ selects, selector: { labelSelector, fieldSelector } }: PodLogsConfig): string =>
  selects ? `${labelSelector}&${fieldSelector}` : ''

/** @returns `untilMs`, by performance.now(): when the first of those that wait has waited long enough; undefined: none waits. */
function makeGroups(
  pods: Iterable<PodLogs>,
  describer: Describer,
  ownNode: string | undefined,
  nowMs: number,
): { readonly made: readonly TargetGroup[]; readonly untilMs: number | undefined } {
  const made: TargetGroup[] = []
  let untilMs: number | undefined
  for (const logs of pods) {
    const decision = describer.decide(logs, nowMs)
    if (decision.kind === 'wait') untilMs = Math.min(untilMs ?? Infinity, decision.untilMs)
    else if (decision.kind === 'collect' && logs.containers.length > 0) made.push(podLogsGroup(logs, decision.description, ownNode))
  }
  return { made, untilMs }
}

/** Then `spec.nodeName` selects nothing, which looks as if all pods were over. */
function warnOfOtherNode(
  { ofNode }: PodLogsConfig,
  pods: ReadonlyMap<string, PodLogs>,
  view: PodView | undefined,
  { logger }: DiscoveryContext,
): void {
  if (ofNode === undefined || view === undefined || !view.synced() || pods.size === 0) return
  if ([...pods.values()].some((logs) => view.find(logs) !== undefined)) return
  logger.warn('the API server names none of the pods whose logs are here: is this the name of the node?', { node: ofNode })
}
