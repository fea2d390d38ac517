import { objectKey } from '../kubernetes/object-meta.ts'
import type { Pod } from '../kubernetes/pod.ts'
import type { KubernetesWatches, Watched } from '../kubernetes/watches.ts'
import type { PodLogsConfig } from './config.ts'
import type { PodName } from './pod-names.ts'

/** The pods of the API server, found by what the path of a log says. */
export type PodView = {
  readonly find: (pod: PodName) => Pod | undefined
  /** When all pods were known for the first time, by performance.now(); undefined: not yet, or before the view was opened. */
  readonly syncedMs: () => number | undefined
  readonly synced: () => boolean
  readonly close: () => void
}

/** Hashes of the file that a static pod was made of: what its folder has for a uid. */
const HASHES = ['kubernetes.io/config.hash', 'kubernetes.io/config.mirror']

/** @param changed gets `<namespace>/<name>` of pods that came, changed or are gone; none when more is known of which there are. */
export function openPodView(
  { api, namespaces, selector }: PodLogsConfig,
  watches: KubernetesWatches,
  changed: (keys: readonly string[]) => void,
): PodView {
  let syncedMs: number | undefined
  let isOpen = false
  const noted = (keys: readonly string[]): void => {
    if (isOpen && syncedMs === undefined && !wasSynced && synced()) syncedMs = performance.now()
    changed(keys)
  }
  const watched = new Map<string, Watched>(
    (namespaces.length === 0 ? [''] : namespaces).map((namespace) => [
      namespace,
      watches.open(api, { resource: 'pods', namespace, ...selector }, noted),
    ]),
  )
  const synced = (): boolean => [...watched.values()].every((one) => one.synced())
  isOpen = true
  const wasSynced = synced()
  return {
    find: ({ namespace, name, uid }) => {
      const pod = (watched.get(namespace) ?? watched.get(''))?.objects().get(objectKey(namespace, name))
      return pod?.kind === 'pods' && isOf(pod, uid) ? pod : undefined
    },
    syncedMs: () => syncedMs,
    synced,
    close: () => {
      for (const one of watched.values()) one.close()
    },
  }
}

/** A pod of the same name that was made anew is another one. */
const isOf = (pod: Pod, uid: string): boolean =>
  uid === '' || pod.uid === uid || pod.annotations.some(([name, value]) => HASHES.includes(name) && value === uid)
