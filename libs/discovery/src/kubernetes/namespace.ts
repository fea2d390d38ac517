import type { Json } from './json.ts'
import { readMeta, type ObjectMeta } from './object-meta.ts'

export type Namespace = ObjectMeta & { readonly kind: 'namespaces' }

/** @see https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/namespace-v1/ */
export const readNamespace = (object: Json): Namespace => ({ kind: 'namespaces', ...readMeta(object) })
