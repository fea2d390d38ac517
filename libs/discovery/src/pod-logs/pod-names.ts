/** The pod that a folder in `/var/log/pods` is of. */
export type PodName = {
  readonly namespace: string
  readonly name: string
  /** Of a static pod it is the hash of its file; '' where nothing says it. */
  readonly uid: string
}

/** The container that a link in `/var/log/containers` is of. */
export type LinkName = Pick<PodName, 'namespace' | 'name'> & { readonly container: string }

const DNS_LABEL = '[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?'
const DNS_NAME = '[a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?'
const FOLDER = new RegExp(`^(${DNS_LABEL})_(${DNS_NAME})_([A-Za-z0-9][-A-Za-z0-9]{0,127})$`)
const LINK = new RegExp(`^(${DNS_NAME})_(${DNS_LABEL})_(${DNS_LABEL})-[0-9a-f]{1,128}\\.log$`)
const CONTAINER = new RegExp(`^${DNS_LABEL}$`)

/** `<namespace>_<pod>_<uid>`; undefined when it is no folder of a pod. */
export function podOfFolder(folder: string): PodName | undefined {
  const [, namespace, name, uid] = FOLDER.exec(folder) ?? []
  return namespace === undefined || name === undefined || uid === undefined ? undefined : { namespace, name, uid }
}

/** `<pod>_<namespace>_<container>-<id>.log`; undefined when it is no link of a container. */
export function containerOfLink(link: string): LinkName | undefined {
  const [, name, namespace, container] = LINK.exec(link) ?? []
  return namespace === undefined || name === undefined || container === undefined ? undefined : { namespace, name, container }
}

export const isContainerName = (name: string): boolean => CONTAINER.test(name)

/** Kubelets name the folder of a pod that no API server gave them by the hash of its file, which has no dashes. */
export const isStaticUid = (uid: string): boolean => /^[0-9a-f]{32,}$/.test(uid)
