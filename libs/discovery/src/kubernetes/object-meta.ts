import { jsonAt, listAt, textAt, textPairsAt, type Json, type TextPairs } from './json.ts'

/** What every object has, as far as labels need it. */
export type ObjectMeta = {
  /** `namespace/name`, or the name where there are no namespaces. */
  readonly key: string
  readonly namespace: string
  readonly name: string
  readonly uid: string
  /** resourceVersion: differs when the object does. */
  readonly version: string
  readonly labels: TextPairs
  readonly annotations: TextPairs
}

/** The one owner that makes and removes an object. */
export type Controller = { readonly kind: string; readonly name: string }

export const objectKey = (namespace: string, name: string): string => (namespace === '' ? name : `${namespace}/${name}`)

export function readMeta(object: Json): ObjectMeta {
  const metadata = jsonAt(object, 'metadata')
  const namespace = textAt(metadata, 'namespace')
  const name = textAt(metadata, 'name')
  return {
    key: objectKey(namespace, name),
    namespace,
    name,
    uid: textAt(metadata, 'uid'),
    version: textAt(metadata, 'resourceVersion'),
    labels: textPairsAt(metadata, 'labels'),
    annotations: textPairsAt(metadata, 'annotations'),
  }
}

export function readController(object: Json): Controller | undefined {
  const owner = listAt(jsonAt(object, 'metadata'), 'ownerReferences').find(({ controller }) => controller === true)
  return owner && { kind: textAt(owner, 'kind'), name: textAt(owner, 'name') }
}
