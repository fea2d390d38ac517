import { ApiError, jsonAt, numberAt, readObject, textAt, type ApiServer, type Json } from '@clymene/discovery'

/** A Lease of coordination.k8s.io as the server has it. */
export type Lease = {
  /** '' when nobody holds it. */
  readonly holder: string
  readonly durationMs: number
  readonly transitions: number
  readonly acquireTime: string
  readonly renewTime: string
  /** Text that its holders hand on. */
  readonly position: string
  /** Everything that the server gave, to be sent back changed. */
  readonly object: Json
}

export type LeaseClient = {
  /** Undefined when there is none. @throws ApiError; another error when nobody answered. */
  readonly read: (signal: AbortSignal) => Promise<Lease | undefined>
  /** Writes it if it is still `before`, or not there. @throws ApiError with status 409 when somebody was faster. */
  readonly write: (before: Lease | undefined, next: Omit<Lease, 'object'>, signal: AbortSignal) => Promise<Lease>
}

const POSITION_ANNOTATION = 'clymene.io/events-position'

/** @see https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/lease-v1/ */
export function createLeaseClient(api: ApiServer, { name, namespace }: { readonly name: string; readonly namespace: string }): LeaseClient {
  const folder = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases`
  const path = `${folder}/${encodeURIComponent(name)}`
  return {
    read: async (signal) => {
      try {
        return readLease(await readObject(await api.get(path, new URLSearchParams(), signal)))
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return undefined
        throw error
      }
    },
    write: async (before, next, signal) => {
      const metadata = jsonAt(before?.object ?? {}, 'metadata')
      const object = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: {
          ...metadata,
          name,
          namespace,
          annotations: { ...jsonAt(metadata, 'annotations'), ...(next.position === '' ? {} : { [POSITION_ANNOTATION]: next.position }) },
        },
        spec: {
          ...jsonAt(before?.object ?? {}, 'spec'),
          holderIdentity: next.holder,
          leaseDurationSeconds: Math.max(1, Math.ceil(next.durationMs / 1000)),
          leaseTransitions: next.transitions,
          ...(next.acquireTime === '' ? {} : { acquireTime: next.acquireTime }),
          renewTime: next.renewTime,
        },
      }
      const written = before === undefined ? await api.write('POST', folder, object, signal) : await api.write('PUT', path, object, signal)
      return readLease(written)
    },
  }
}

function readLease(object: Json): Lease {
  const spec = jsonAt(object, 'spec')
  return {
    holder: textAt(spec, 'holderIdentity'),
    durationMs: (numberAt(spec, 'leaseDurationSeconds') ?? 0) * 1000,
    transitions: numberAt(spec, 'leaseTransitions') ?? 0,
    acquireTime: textAt(spec, 'acquireTime'),
    renewTime: textAt(spec, 'renewTime'),
    position: textAt(jsonAt(jsonAt(object, 'metadata'), 'annotations'), POSITION_ANNOTATION),
    object,
  }
}
