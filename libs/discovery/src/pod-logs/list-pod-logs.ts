import type { Dirent } from 'node:fs'
import { access, readdir, readlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

import { errorCode } from '@clymene/model'

import { containerOfLink, isContainerName, podOfFolder, type PodName } from './pod-names.ts'

/** The files of one container; the links of one that was started again are several. */
export type ContainerLogs = {
  readonly name: string
  /** Glob of its files, or the one file. */
  readonly path: string
}

export type PodLogs = PodName & {
  /** Name of the pod and of its folder, if there is one. */
  readonly key: string
  /** Each path once. */
  readonly containers: readonly ContainerLogs[]
}

export type PodLogsListing = {
  readonly pods: ReadonlyMap<string, PodLogs>
  /** Where something new would show. */
  readonly folders: readonly string[]
}

export type ListPodLogsOptions = {
  /** Folder with `pods` and `containers`. */
  readonly root: string
  readonly isWanted: (namespace: string) => boolean
}

/**
 * The containers whose logs lie on this node, by `pods/<namespace>_<pod>_<uid>/<container>/`, and by the links
 * `containers/<pod>_<namespace>_<container>-<id>.log` of those that have no such folder.
 *
 * @throws a system error when a folder cannot be read: then nobody knows what is there.
 * @see https://kubernetes.io/docs/concepts/cluster-administration/logging/
 */
export async function listPodLogs({ root, isWanted }: ListPodLogsOptions): Promise<PodLogsListing> {
  const [podsFolder, linksFolder] = [join(root, 'pods'), join(root, 'containers')]
  // What has no pod yet has neither of the two; without the root it is the wrong one.
  await access(root)
  const pods = new Map<string, PodLogs>()
  const [podEntries, linkEntries] = [await entriesOf(podsFolder), await entriesOf(linksFolder)]
  // Much is written in the root itself: it is of interest only as long as there is nothing else.
  const folders = podEntries === undefined && linkEntries === undefined ? [root] : [podsFolder, linksFolder]
  for (const { name: folder } of (podEntries ?? []).filter(mayBeFolder)) {
    const pod = podOfFolder(folder)
    if (pod === undefined || !isWanted(pod.namespace)) continue
    const path = join(podsFolder, folder)
    const containers = ((await entriesOf(path)) ?? []).filter((entry) => mayBeFolder(entry) && isContainerName(entry.name))
    folders.push(path)
    pods.set(folder, { ...pod, key: folder, containers: containers.map(({ name }) => ({ name, path: join(path, name, '*.log') })) })
  }
  const inFolders = new Set([...pods.values()].flatMap((pod) => pod.containers.map(({ name }) => containerKey(pod, name))))
  for (const { name: link } of linkEntries ?? []) {
    const found = containerOfLink(link)
    if (found === undefined || !isWanted(found.namespace) || inFolders.has(containerKey(found, found.container))) continue
    const path = join(linksFolder, link)
    if (!(await isThere(path))) continue
    const uid = await uidBehind(path, found)
    const key = `${found.namespace}_${found.name}_${uid}`
    const pod = pods.get(key) ?? { namespace: found.namespace, name: found.name, uid, key, containers: [] }
    pods.set(key, { ...pod, containers: [...pod.containers, { name: found.container, path }] })
  }
  return { pods, folders }
}

/** A link points into the folder of its pod, also where that cannot be listed. */
async function uidBehind(link: string, { namespace, name }: Omit<PodName, 'uid'>): Promise<string> {
  const target = await readlink(link).catch(() => '')
  const pod = podOfFolder(basename(dirname(dirname(target))))
  return pod?.namespace === namespace && pod.name === name ? pod.uid : ''
}

const containerKey = ({ namespace, name }: Omit<PodName, 'uid'>, container: string): string => `${namespace}/${name}/${container}`

/** By name; undefined when the folder is not there. */
async function entriesOf(folder: string): Promise<readonly Dirent[] | undefined> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

const mayBeFolder = (entry: Dirent): boolean => entry.isDirectory() || entry.isSymbolicLink()

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
