import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import type { Api } from '../api.ts'
import type { ConfigMap, KeyToPath, KubernetesObject, Pod, Projection, Secret, Volume } from '../objects.ts'
import { PROVISIONER } from '../provisioner.ts'
import { fieldOf } from './fields.ts'

export type VolumeOptions = {
  readonly api: Api
  readonly pod: Pod
  /** Where this pod's volumes are kept. */
  readonly directory: string
  /** What the node's root is here: hostPath volumes lie under it. */
  readonly hostRoot: string
  readonly podIP: string
  readonly hostIP: string
}

type PersistentVolume = KubernetesObject & { readonly spec: { readonly hostPath?: { readonly path: string } } }

/** Makes a volume as the kubelet does; its folder or file on this machine. */
export async function makeVolume(volume: Volume, options: VolumeOptions): Promise<string> {
  const { api, pod, hostRoot } = options
  const path = join(options.directory, volume.name)
  const group = pod.spec.securityContext?.fsGroup
  const projection = projectionOf(volume)
  if (projection !== undefined) {
    const files = new Map<string, Buffer>()
    for (const part of projection.sources) for (const [name, content] of await contentsOf(part, options)) files.set(name, content)
    publish(path, files, projection.defaultMode ?? 0o644, group)
    return path
  }
  if (volume.emptyDir !== undefined) {
    mkdirSync(path, { recursive: true })
    chmodSync(path, 0o777)
    if (group !== undefined) {
      chownSync(path, 0, group)
      chmodSync(path, 0o2777)
    }
    return path
  }
  if (volume.hostPath !== undefined) return hostPath(hostRoot, volume.hostPath.path, volume.hostPath.type ?? '')
  if (volume.persistentVolumeClaim !== undefined) {
    const claim = await api.get<{ spec: { volumeName?: string } }>(
      `/api/v1/namespaces/${pod.metadata.namespace}/persistentvolumeclaims/${volume.persistentVolumeClaim.claimName}`,
    )
    if (claim.spec.volumeName === undefined) throw new Error(`claim ${volume.persistentVolumeClaim.claimName} is not bound`)
    const bound = await api.get<PersistentVolume>(`/api/v1/persistentvolumes/${claim.spec.volumeName}`)
    if (bound.spec.hostPath === undefined) throw new Error(`volume ${claim.spec.volumeName} is not a hostPath: no other kind is known here`)
    const folder = hostPath(hostRoot, bound.spec.hostPath.path, 'DirectoryOrCreate')
    // Whoever asks a provisioner for a volume may write to it.
    if (bound.metadata.annotations?.['pv.kubernetes.io/provisioned-by'] === PROVISIONER) chmodSync(folder, 0o777)
    return folder
  }
  throw new Error(`volume ${volume.name} is of a kind that is not known here`)
}

function projectionOf({ configMap, secret, projected, downwardAPI }: Volume) {
  if (configMap !== undefined) return { sources: [{ configMap }], defaultMode: configMap.defaultMode }
  if (secret !== undefined) return { sources: [{ secret: { ...secret, name: secret.secretName } }], defaultMode: secret.defaultMode }
  if (downwardAPI !== undefined) return { sources: [{ downwardAPI }], defaultMode: downwardAPI.defaultMode }
  return projected
}

async function contentsOf(part: Projection, { api, pod, podIP, hostIP }: VolumeOptions): Promise<[string, Buffer][]> {
  const namespace = pod.metadata.namespace ?? ''
  if (part.configMap !== undefined) {
    const { name, items, optional } = part.configMap
    const object = await orNothing(api.get<ConfigMap>(`/api/v1/namespaces/${namespace}/configmaps/${name}`), optional)
    const texts = Object.entries(object?.data ?? {}).map(([key, text]): [string, Buffer] => [key, Buffer.from(text)])
    const binaries = Object.entries(object?.binaryData ?? {}).map(([key, text]): [string, Buffer] => [key, Buffer.from(text, 'base64')])
    return chosen([...texts, ...binaries], items)
  }
  if (part.secret !== undefined) {
    const { name, items, optional } = part.secret
    const object = await orNothing(api.get<Secret>(`/api/v1/namespaces/${namespace}/secrets/${name}`), optional)
    return chosen(
      Object.entries(object?.data ?? {}).map(([key, text]) => [key, Buffer.from(text, 'base64')]),
      items,
    )
  }
  if (part.serviceAccountToken !== undefined) {
    const { path, expirationSeconds = 3600, audience } = part.serviceAccountToken
    const account = pod.spec.serviceAccountName ?? 'default'
    const { status } = await api.send<{ status: { token: string } }>(
      'POST',
      `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`,
      {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: {
          expirationSeconds,
          audiences: audience === undefined ? [] : [audience],
          boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, uid: pod.metadata.uid },
        },
      },
    )
    return [[path, Buffer.from(status.token)]]
  }
  return (part.downwardAPI?.items ?? []).map(({ path, fieldRef }) => [
    path,
    Buffer.from(fieldOf(pod, fieldRef?.fieldPath ?? '', podIP, hostIP) ?? ''),
  ])
}

const orNothing = async <T>(object: Promise<T>, optional = false): Promise<T | undefined> =>
  optional ? object.catch(() => undefined) : object

function chosen(files: readonly [string, Buffer][], items: readonly KeyToPath[] | undefined): [string, Buffer][] {
  if (items === undefined) return [...files]
  return items.map(({ key, path }) => {
    const [, content] = files.find(([name]) => name === key) ?? []
    if (content === undefined) throw new Error(`there is no key ${key}`)
    return [path, content]
  })
}

/** By volume: what stands in it. */
const published = new Map<string, string>()

/** The kubelet's layout: a folder of its own for each version, `..data` led to it in one step, a link for each name. */
function publish(path: string, files: ReadonlyMap<string, Buffer>, mode: number, group: number | undefined): void {
  const written = JSON.stringify([...files].map(([name, content]) => [name, content.toString('base64')]))
  if (published.get(path) === written) return
  published.set(path, written)
  const version = `..${new Date().toISOString().replaceAll(/[^0-9]/g, '_')}`
  mkdirSync(join(path, version), { recursive: true })
  for (const [name, content] of files) {
    const file = join(path, version, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
    // A token is for the owner; the group of fsGroup may read as the owner may.
    chmodSync(file, group === undefined ? mode : mode | ((mode & 0o400) >> 3))
    if (group !== undefined) chownSync(file, 0, group)
    const [top = name] = name.split('/')
    if (!existsSync(join(path, top))) symlinkSync(join('..data', top), join(path, top))
  }
  for (const name of readdirSync(path))
    if (!name.startsWith('..') && !files.has(name) && ![...files.keys()].some((file) => file.startsWith(`${name}/`)))
      rmSync(join(path, name))
  rmSync(join(path, '..data_tmp'), { force: true })
  symlinkSync(version, join(path, '..data_tmp'))
  renameSync(join(path, '..data_tmp'), join(path, '..data'))
}

function hostPath(hostRoot: string, path: string, type: string): string {
  const real = join(hostRoot, path)
  if (existsSync(real)) return real
  if (type === 'DirectoryOrCreate' || type === '') mkdirSync(real, { recursive: true, mode: 0o755 })
  else if (type === 'FileOrCreate') writeFileSync(real, '')
  else throw new Error(`hostPath ${path} is no ${type} of this node`)
  return real
}
