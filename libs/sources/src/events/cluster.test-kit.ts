import { PassThrough, Readable } from 'node:stream'

import { ApiError, isJson, jsonAt, textAt, type ApiServer, type Json } from '@clymene/discovery'

type Stored = Readonly<Record<string, unknown>>

/** A cluster in memory: events and pods that are listed and watched, Leases that are written by whoever saw the newest version. */
export type Cluster = {
  readonly api: ApiServer
  /** Adds or replaces an object of `events` or `pods`; its version is the next one. */
  readonly put: (resource: string, name: string, object: Json) => string
  readonly remove: (resource: string, name: string) => void
  /** Ends all watches as a server does. */
  readonly endWatches: () => void
  /** Forgets what came before now: watches from there are refused. */
  readonly compact: () => void
  /** Throws it at every request of which it is told, until it gives nothing. */
  failure: (what: string) => Error | undefined
  readonly asked: string[]
  readonly lease: () => Json
  readonly bookmark: () => void
}

export function createCluster(): Cluster {
  const objects = new Map<string, Map<string, Stored>>()
  const log: { resource: string; version: number; event: object }[] = []
  const watches = new Set<{ resource: string; body: PassThrough }>()
  let version = 100
  let oldest = 0
  const asked: string[] = []
  const collection = (resource: string): Map<string, Stored> => {
    const known = objects.get(resource) ?? new Map<string, Stored>()
    objects.set(resource, known)
    return known
  }
  const versioned = (object: Json): Stored => ({
    ...object,
    metadata: { ...jsonAt(object, 'metadata'), resourceVersion: String(++version) },
  })
  const tell = (resource: string, type: string, object: Stored): void => {
    const event = { type, object }
    log.push({ resource, version, event })
    for (const watch of watches) if (watch.resource === resource) watch.body.write(`${JSON.stringify(event)}\n`)
  }
  const bodyOf = (object: object): Readable => Readable.from([Buffer.from(JSON.stringify(object))])
  const watch = (resource: string, from: number, signal: AbortSignal): Readable => {
    if (from < oldest) throw new ApiError(410, 'Expired', 'answered 410: too old')
    const body = new PassThrough()
    for (const entry of log) if (entry.resource === resource && entry.version > from) body.write(`${JSON.stringify(entry.event)}\n`)
    const open = { resource, body }
    watches.add(open)
    const close = (): void => {
      watches.delete(open)
      body.destroy(new Error('aborted'))
    }
    signal.addEventListener('abort', close, { once: true })
    body.on('close', () => {
      watches.delete(open)
      signal.removeEventListener('abort', close)
    })
    return body
  }
  const ask = async (what: string, signal: AbortSignal): Promise<void> => {
    asked.push(what)
    await Promise.resolve()
    signal.throwIfAborted()
    const failure = cluster.failure(what)
    if (failure !== undefined) throw failure
  }

  const cluster: Cluster = {
    failure: () => undefined,
    asked,
    put: (resource, name, object) => {
      const type = collection(resource).has(name) ? 'MODIFIED' : 'ADDED'
      const stored = versioned(object)
      collection(resource).set(name, stored)
      tell(resource, type, stored)
      return String(version)
    },
    remove: (resource, name) => {
      const stored = versioned(collection(resource).get(name) ?? {})
      collection(resource).delete(name)
      tell(resource, 'DELETED', stored)
    },
    endWatches: () => {
      for (const { body } of watches) body.end()
      watches.clear()
    },
    compact: () => {
      oldest = version
    },
    bookmark: () => {
      for (const { body } of watches)
        body.write(`${JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(version) } } })}\n`)
    },
    lease: () => collection('leases').values().next().value ?? {},
    api: {
      get: async (path, query, signal) => {
        const [, resource = '', name] = /\/(events|pods|leases)(?:\/([^/]+))?$/.exec(path) ?? []
        await ask(`${query.has('watch') ? 'watch' : 'get'} ${resource}`, signal)
        if (name !== undefined) {
          const found = collection(resource).get(name)
          if (found === undefined) throw new ApiError(404, 'NotFound', 'answered 404: no such object')
          return bodyOf(found)
        }
        if (query.has('watch')) return watch(resource, Number(query.get('resourceVersion')), signal)
        return bodyOf({ metadata: { resourceVersion: String(version) }, items: [...collection(resource).values()] })
      },
      write: async (method, _path, object, signal) => {
        await ask(`${method} leases`, signal)
        const metadata = jsonAt(object, 'metadata')
        const name = textAt(metadata, 'name')
        const known = collection('leases').get(name)
        const isStale = isJson(known) && textAt(jsonAt(known, 'metadata'), 'resourceVersion') !== textAt(metadata, 'resourceVersion')
        if (isStale) throw new ApiError(409, 'Conflict', 'answered 409: changed')
        const stored = versioned(object)
        collection('leases').set(name, stored)
        return stored
      },
      close: async () => Promise.resolve(),
    },
  }
  return cluster
}

/** An event about a pod of namespace shop. */
export const eventOf = (name: string, fields: Json = {}): Json => ({
  metadata: { name, namespace: 'shop', uid: `uid-${name}` },
  involvedObject: { kind: 'Pod', namespace: 'shop', name: 'web-1', uid: 'uid-web-1', apiVersion: 'v1' },
  reason: 'BackOff',
  type: 'Warning',
  message: `message of ${name}`,
  count: 1,
  firstTimestamp: '2024-01-01T00:00:00Z',
  lastTimestamp: '2024-01-01T00:00:00Z',
  source: { component: 'kubelet', host: 'n1' },
  ...fields,
})

/** A pod with the status of one container. */
export const podOf = (name: string, status: Json = {}): Json => ({
  metadata: { name, namespace: 'shop', uid: `uid-${name}` },
  spec: { nodeName: 'n1' },
  status: { containerStatuses: [{ name: 'main', image: 'shop:1', restartCount: 0, ...status }] },
})

export const terminated = (id: string, finishedAt: string, fields: Json = {}): Json => ({
  terminated: { exitCode: 1, reason: 'Error', containerID: `containerd://${id}`, finishedAt, message: `message of ${id}`, ...fields },
})
