import { type Api, ApiError } from './api.ts'
import type { KubernetesObject } from './objects.ts'

/** Said by volumes that this one made; a claim of another class waits. */
export const PROVISIONER = 'clymene.test/node-folder'

const CLASS = 'standard'
const VOLUMES = '/api/v1/persistentvolumes'

type Claim = KubernetesObject & {
  readonly spec: {
    readonly storageClassName?: string
    readonly volumeName?: string
    readonly accessModes: readonly string[]
    readonly resources: { readonly requests: Readonly<Record<string, string>> }
  }
}
type Volume = KubernetesObject & { readonly spec: { readonly storageClassName?: string }; readonly status: { readonly phase?: string } }

/** The class of claims that name none. It binds at once, as nothing here asks where a volume lies. */
export const createStorageClass = (api: Api): Promise<unknown> =>
  api.send('POST', '/apis/storage.k8s.io/v1/storageclasses', {
    metadata: { name: CLASS, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: PROVISIONER,
  })

/** Stands in for the provisioner of that class: a folder of the node for each claim. A pod that comes to another node finds an empty one. */
export async function provision(api: Api, signal: AbortSignal): Promise<void> {
  /** By uid of the claim, or name of the volume: a watch tells more than once. */
  const asked = new Set<string>()
  const once = (key: string, work: () => Promise<unknown>): void => {
    if (asked.has(key)) return
    asked.add(key)
    work().catch((error: unknown) => {
      // The API server was away; what it refused it would refuse again.
      if (!(error instanceof ApiError)) asked.delete(key)
    })
  }
  await Promise.all([
    api.follow<Claim>(
      '/api/v1/persistentvolumeclaims',
      (claims) => {
        for (const claim of claims.values())
          if (claim.spec.volumeName === undefined && claim.spec.storageClassName === CLASS)
            once(claim.metadata.uid, () => api.send('POST', VOLUMES, volumeFor(claim)))
      },
      signal,
    ),
    api.follow<Volume>(
      VOLUMES,
      (volumes) => {
        for (const { metadata, spec, status } of volumes.values())
          if (status.phase === 'Released' && spec.storageClassName === CLASS)
            once(metadata.name, () => api.send('DELETE', `${VOLUMES}/${metadata.name}`, {}))
      },
      signal,
    ),
  ])
}

const volumeFor = ({ metadata: { namespace, name, uid }, spec }: Claim) => ({
  metadata: { name: `pvc-${uid}`, annotations: { 'pv.kubernetes.io/provisioned-by': PROVISIONER } },
  spec: {
    storageClassName: CLASS,
    accessModes: spec.accessModes,
    capacity: spec.resources.requests,
    persistentVolumeReclaimPolicy: 'Delete',
    claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid },
    hostPath: { path: `/var/lib/volumes/pvc-${uid}` },
  },
})
