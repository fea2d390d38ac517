import { resourcePath, RESOURCES, type Resource } from './resources.ts'

/** Which objects: all that is distinct here is watched apart. */
export type Selection = {
  readonly resource: Resource
  /** '' is all of them. */
  readonly namespace: string
  readonly labelSelector: string
  readonly fieldSelector: string
}

/** Objects in one page of a list. */
const PAGE = 500

export const selectionPath = ({ resource, namespace }: Selection): string => resourcePath(resource, namespace)

/** `list pods in namespace x`, for people. */
export const selectionText = ({ resource, namespace }: Selection): string =>
  `${resource}${!RESOURCES[resource].isNamespaced ? '' : namespace === '' ? ' in all namespaces' : ` in namespace ${namespace}`}`

/** @param from the version to go on from; '' begins with everything there is (a streaming list). */
export function watchQuery(selection: Selection, from: string, timeoutSeconds: number): URLSearchParams {
  const query = selectorQuery(selection)
  query.set('watch', '1')
  query.set('allowWatchBookmarks', 'true')
  query.set('timeoutSeconds', String(timeoutSeconds))
  if (from === '') {
    query.set('sendInitialEvents', 'true')
    query.set('resourceVersionMatch', 'NotOlderThan')
  } else query.set('resourceVersion', from)
  return query
}

/** @param next what the page before said to continue with; '' is the first page. */
export function listQuery(selection: Selection, next: string): URLSearchParams {
  const query = selectorQuery(selection)
  query.set('limit', String(PAGE))
  if (next !== '') query.set('continue', next)
  return query
}

function selectorQuery({ labelSelector, fieldSelector }: Selection): URLSearchParams {
  const query = new URLSearchParams()
  if (labelSelector !== '') query.set('labelSelector', labelSelector)
  if (fieldSelector !== '') query.set('fieldSelector', fieldSelector)
  return query
}
