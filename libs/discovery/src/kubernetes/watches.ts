import type { Logger } from '@clymene/model'
import { createOnceIn, type Metrics } from '@clymene/runtime'

import { API_TIMEOUTS, createApiServer, type ApiAccess, type ApiServer, type ApiTimeouts } from './api-server.ts'
import { describeFailure } from './describe-failure.ts'
import { createMirror, MIRROR_LIMITS, type Mirror, type MirrorLimits } from './mirror.ts'
import { createWatchMetrics, type WatchState } from './watch-metrics.ts'
import { selectionText, type Selection } from './watch-request.ts'

/** An API server as a configuration names it. */
export type ApiSource = {
  /** Equal for equal configurations; secrets stand in it only as a hash. */
  readonly key: string
  /** The access as it is now, the same object until it changes. @throws Error saying why there is none */
  readonly access: (surroundings: Surroundings) => ApiAccess
}

/** What the inside of a cluster looks like to a process. */
export type Surroundings = {
  readonly env: NodeJS.ProcessEnv
  /** Folder with `token`, `ca.crt` and `namespace`. */
  readonly serviceAccount: string
}

export type Watched = Pick<Mirror, 'objects' | 'synced' | 'refused'> & {
  readonly close: () => void
}

/** The watches of a process: whoever asks for the same objects of the same server shares one. */
export type KubernetesWatches = {
  readonly surroundings: Surroundings
  /** Changes are handed over at most this often, milliseconds. */
  readonly batchMs: number
  /** @param changed gets the keys of objects that came, changed or are gone; none when `synced` or `refused` changed. */
  readonly open: (api: ApiSource, selection: Selection, changed: (keys: readonly string[]) => void) => Watched
  /** What the API server refuses (401, 403) again and again and was never seen whole: only an operator can mend that. */
  readonly refusals: () => readonly string[]
  /** Ends all of them. */
  readonly close: () => Promise<void>
}

export type WatchesOptions = {
  readonly logger: Logger
  readonly metrics: Metrics
  readonly surroundings?: Partial<Surroundings>
  readonly limits?: Partial<MirrorLimits>
  readonly timeouts?: Partial<ApiTimeouts>
  readonly batchMs?: number
  /** How long a watch that nobody wants goes on: a reload ends and begins the same ones. */
  readonly lingerMs?: number
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'
const LINGER_MS = 5000
const BATCH_MS = 300
const COMPLAIN_EVERY_MS = 60_000

type Shared = {
  readonly mirror: Mirror
  readonly selection: Selection
  readonly listeners: Set<(keys: readonly string[]) => void>
  readonly end: () => void
  /** What the last failure was, when the server refused and was asked more than once. */
  readonly refusal: () => string | undefined
  lingering: NodeJS.Timeout | undefined
}

export function createKubernetesWatches({ logger, metrics, ...options }: WatchesOptions): KubernetesWatches {
  const surroundings = { env: process.env, serviceAccount: SERVICE_ACCOUNT, ...options.surroundings }
  const limits = { ...MIRROR_LIMITS, ...options.limits }
  const timeouts = { ...API_TIMEOUTS, ...options.timeouts }
  const shared = new Map<string, Shared>()
  const servers = new Map<string, { readonly server: ApiServer; users: number }>()
  const running = new Set<Promise<void>>()
  const complain = createOnceIn(COMPLAIN_EVERY_MS)
  const watchMetrics = createWatchMetrics(metrics, () => [...shared.values()].map(stateOf))

  const useServer = (api: ApiSource): ApiServer => {
    const known = servers.get(api.key) ?? { server: createApiServer(() => api.access(surroundings), timeouts), users: 0 }
    known.users++
    servers.set(api.key, known)
    return known.server
  }
  const leaveServer = async (key: string): Promise<void> => {
    const known = servers.get(key)
    if (known === undefined || --known.users > 0) return
    servers.delete(key)
    await known.server.close()
  }

  const follow = async (mirror: Mirror, serverKey: string, signal: AbortSignal): Promise<void> => {
    await mirror.run(signal)
    await leaveServer(serverKey)
  }

  function start(key: string, api: ApiSource, selection: Selection): Shared {
    const listeners: Shared['listeners'] = new Set()
    const stop = new AbortController()
    let refusal: string | undefined
    let isTold = false
    const mirror = createMirror({
      api: useServer(api),
      selection,
      limits,
      metrics: watchMetrics,
      changed: (keys) => {
        if (isTold && !mirror.failing()) {
          isTold = false
          logger.info(`${selectionText(selection)}: watched again`)
        }
        for (const listener of listeners) listener(keys)
      },
      failed: (error, repeats) => {
        const { level, message, kind } = describeFailure(error, selection, repeats)
        refusal = level === 'error' && (kind === '401' || kind === '403') ? message : undefined
        if (level === 'debug') return logger.debug(message)
        return complain(`${key} ${kind}`, (heldBack) => {
          isTold = true
          logger[level](message, heldBack === 0 ? {} : { heldBack })
        })
      },
      leftOut: () =>
        complain(`${key} too large`, () =>
          logger.error(`one of the ${selectionText(selection)} has more than ${limits.objectBytes} bytes and is left out`),
        ),
    })
    const run = follow(mirror, api.key, stop.signal)
    running.add(run)
    void run.then(() => running.delete(run))
    const end = (): void => {
      shared.delete(key)
      stop.abort(new DOMException('nobody watches any more', 'AbortError'))
    }
    return { mirror, selection, listeners, end, refusal: () => refusal, lingering: undefined }
  }

  return {
    surroundings,
    batchMs: options.batchMs ?? BATCH_MS,
    open: (api, selection, changed) => {
      const { resource, namespace, labelSelector, fieldSelector } = selection
      const key = JSON.stringify([api.key, resource, namespace, labelSelector, fieldSelector])
      const watch = shared.get(key) ?? start(key, api, selection)
      shared.set(key, watch)
      clearTimeout(watch.lingering)
      // A function of its own: the same one may be given twice.
      const listener = (keys: readonly string[]): void => changed(keys)
      watch.listeners.add(listener)
      const { objects, synced, refused } = watch.mirror
      return {
        objects,
        synced,
        refused,
        close: () => {
          if (!watch.listeners.delete(listener) || watch.listeners.size > 0) return
          watch.lingering = setTimeout(watch.end, options.lingerMs ?? LINGER_MS)
        },
      }
    },
    refusals: () => [...shared.values()].flatMap(refusalOf),
    close: async () => {
      for (const watch of shared.values()) {
        clearTimeout(watch.lingering)
        watch.end()
      }
      await Promise.all(running)
    },
  }
}

const refusalOf = ({ mirror, listeners, refusal }: Shared): readonly string[] => {
  const said = refusal()
  return said === undefined || mirror.synced() || listeners.size === 0 ? [] : [said]
}

const stateOf = ({ mirror, selection }: Shared): WatchState => ({
  resource: selection.resource,
  objects: mirror.objects().size,
  heardMs: mirror.heardMs(),
})
