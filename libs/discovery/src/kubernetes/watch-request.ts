import { resourcePath, RESOURCES, type Resource } from './resources.ts'

/** Which objects: all that is distinct here is watched apart. */
export type Selection = {
  readonly resource: Resource
  /** '' is all of them. */
  readonly namespace: string
  readonly labelSelector: string
  readonly fieldSelector: string
}

export const selectionPath = ({ resource, namespace }: Selection): string => resourcePath(resource, namespace)

/** `list pods in namespace x`, for people. */
export const selectionText = ({ resource, namespace }: Selection): string =>
  `${resource}${!RESOURCES[resource].isNamespaced ? '' : namespace === '' ? ' in all namespaces' : ` in namespace ${namespace}`}`

/** @param from the version to go on from; '' begins with everything there is (a streaming list). */
export function watchQuery(selectors: URLSearchParams, from: string, timeoutSeconds: number): URLSearchParams {
  const query = new URLSearchParams(selectors)
  query.set('watch', '1')
  query.set('allowWatchBookmarks', 'true')
  query.set('timeoutSeconds', String(timeoutSeconds))
  if (from === '') {
    query.set('sendInitialEvents', 'true')
    query.set('resourceVersionMatch', 'NotOlderThan')
  } else query.set('resourceVersion', from)
  return query
}

export function selectorQuery({ labelSelector, fieldSelector }: Pick<Selection, 'labelSelector' | 'fieldSelector'>): URLSearchParams {
  const query = new URLSearchParams()
  if (labelSelector !== '') query.set('labelSelector', labelSelector)
  if (fieldSelector !== '') query.set('fieldSelector', fieldSelector)
  return query
}
