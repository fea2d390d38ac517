import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

import { Agent, request } from 'undici'

import type { KubernetesObject } from './objects.ts'

export type ApiAccess = { readonly url: string; readonly caFile: string } & (
  | { readonly certificate: string; readonly key: string }
  | { readonly tokenFile: string }
)

/** An answer that is not 2xx. */
export class ApiError extends Error {
  readonly status: number
  constructor(what: string, status: number, text: string) {
    super(`${what}: ${status} ${text.slice(0, 500)}`)
    this.status = status
  }
}

export type Api = {
  readonly get: <T>(path: string) => Promise<T>
  readonly send: <T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body: object) => Promise<T>
  /** A POST as a service account, on behalf of who has the right to speak for others. */
  readonly sendAs: <T>(account: { readonly namespace: string; readonly name: string }, path: string, body: object) => Promise<T>
  /** A merge patch: objects are merged, lists replaced. */
  readonly patch: (path: string, body: object) => Promise<void>
  /**
   * Calls `changed` with every object of a list, by uid, now and whenever one changes; the map is always the same.
   * Ends with the signal, or with what `changed` throws; whatever else happens it lists anew.
   */
  readonly follow: <T extends KubernetesObject>(
    path: string,
    changed: (objects: ReadonlyMap<string, T>) => void,
    signal: AbortSignal,
  ) => Promise<void>
}

/** As much of the API server's REST interface as the stand-ins need. */
export function createApi(access: ApiAccess): Api {
  const ca = readFileSync(access.caFile)
  const tls = 'tokenFile' in access ? { ca } : { ca, cert: readFileSync(access.certificate), key: readFileSync(access.key) }
  // A watch is silent for as long as nothing changes.
  const dispatcher = new Agent({ connect: tls, bodyTimeout: 0, connections: 50 })
  const credentials = () => ('tokenFile' in access ? { authorization: `Bearer ${readFileSync(access.tokenFile, 'utf8').trim()}` } : {})

  const ask = async (
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: object,
    contentType = 'application/json',
    more: Readonly<Record<string, string | string[]>> = {},
  ) => {
    const answer = await request(`${access.url}${path}`, {
      method,
      dispatcher,
      headers: { ...credentials(), accept: 'application/json', ...(body && { 'content-type': contentType }), ...more },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await answer.body.text()
    if (answer.statusCode > 299) throw new ApiError(`${method} ${path}`, answer.statusCode, text)
    return JSON.parse(text)
  }

  const watch = async <T extends KubernetesObject>(
    path: string,
    version: string,
    objects: Map<string, T>,
    changed: () => void,
    signal: AbortSignal,
  ): Promise<void> => {
    const answer = await request(`${access.url}${withQuery(path, `watch=1&resourceVersion=${version}`)}`, {
      dispatcher,
      signal,
      headers: credentials(),
    })
    let rest = ''
    for await (const chunk of answer.body.setEncoding('utf8')) {
      const lines = (rest + String(chunk)).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const { type, object } = JSON.parse(line)
        if (type === 'ERROR') return
        if (type === 'DELETED') objects.delete(object.metadata.uid)
        else objects.set(object.metadata.uid, object)
      }
      if (lines.length > 0) changed()
    }
  }

  return {
    get: (path) => ask('GET', path),
    send: (method, path, body) => ask(method, path, body),
    sendAs: ({ namespace, name }, path, body) =>
      ask('POST', path, body, 'application/json', {
        'impersonate-user': `system:serviceaccount:${namespace}:${name}`,
        'impersonate-group': ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
      }),
    patch: (path, body) => ask('PATCH', path, body, 'application/merge-patch+json'),
    follow: async <T extends KubernetesObject>(
      path: string,
      changed: (objects: ReadonlyMap<string, T>) => void,
      signal: AbortSignal,
    ): Promise<void> => {
      const objects = new Map<string, T>()
      let mistake: { readonly error: unknown } | undefined
      const tell = (): void => {
        try {
          changed(objects)
        } catch (error) {
          mistake = { error }
          throw error
        }
      }
      while (!signal.aborted) {
        try {
          const list: { metadata: { resourceVersion: string }; items: T[] } = await ask('GET', path)
          objects.clear()
          for (const item of list.items) objects.set(item.metadata.uid, item)
          tell()
          await watch(path, list.metadata.resourceVersion, objects, tell, signal)
        } catch {
          if (mistake !== undefined) throw mistake.error
          // The API server is away, or the version expired: from the beginning.
          await sleep(200)
        }
      }
    },
  }
}

const withQuery = (path: string, query: string): string => `${path}${path.includes('?') ? '&' : '?'}${query}`

export const podPath = (namespace: string, name: string): string => `/api/v1/namespaces/${namespace}/pods/${name}`
