import type { Json } from './json.ts'
import { readController, readMeta, type Controller, type ObjectMeta } from './object-meta.ts'

/** A ReplicaSet or Job: only who controls it counts, so that thousands of old ones cost little. */
export type Workload<K extends 'replicasets' | 'jobs'> = ObjectMeta & {
  readonly kind: K
  readonly controller: Controller | undefined
}

/** @see https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/ */
export const readWorkload =
  <K extends 'replicasets' | 'jobs'>(kind: K) =>
  (object: Json): Workload<K> => ({ kind, ...readMeta(object), labels: [], annotations: [], controller: readController(object) })
