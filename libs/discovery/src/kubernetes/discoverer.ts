import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { errorCode, type Discoverer, type Logger, type TargetGroup } from '@clymene/model'
import { createOnceIn } from '@clymene/runtime'

import type { KubernetesConfig } from './config.ts'
import { openNamespace, type WatchedNamespace } from './watched-namespace.ts'
import type { KubernetesWatches } from './watches.ts'

export type KubernetesDiscoveryOptions = {
  readonly logger: Logger
  readonly watches: KubernetesWatches
}

const OWN_NAMESPACE_RETRY_MS = 5000

/**
 * Target groups of a role, one for each object. The first update holds everything that can be seen: namespaces that refuse to
 * be watched do not hold back the others. What is known stays while the API server cannot be reached.
 */
export function createKubernetesDiscoverer(config: KubernetesConfig, { logger, watches }: KubernetesDiscoveryOptions): Discoverer {
  const waiting = new Set<() => boolean>()
  return {
    waits: () => [...waiting].some((waits) => waits()),
    run: async (update, signal) => {
      const names = await namespacesOf(config, watches, logger, signal)
      if (signal.aborted) return
      const wake = createWake(signal)
      const namespaces = names.map((name) => openNamespace({ config, namespace: name, watches, changed: wake.call }))
      const waits = (): boolean => !namespaces.every(isDecided)
      waiting.add(waits)
      try {
        await wake.until(() => canBegin(namespaces))
        let first = true
        while (!signal.aborted) {
          const groups: TargetGroup[] = []
          for (const namespace of namespaces) groups.push(...(await namespace.take()))
          if (signal.aborted) return
          // The first one is said even when nothing was found: then that is what was found.
          if (first || groups.length > 0) update(groups)
          first = false
          await wake.until(() => namespaces.some((namespace) => namespace.hasChanges()))
          await rest(watches.batchMs, signal)
        }
      } finally {
        waiting.delete(waits)
        wake.close()
        for (const namespace of namespaces) namespace.close()
      }
    },
  }
}

/** Nothing is taken for gone before it could be asked for: what is not there was refused, and part of it is there. */
const canBegin = (namespaces: readonly WatchedNamespace[]): boolean => namespaces.some((one) => one.synced()) && namespaces.every(isDecided)

const isDecided = (one: WatchedNamespace): boolean => one.synced() || one.refused()

/** '' is all namespaces. */
async function namespacesOf(
  { role, namespaces: { own, names } }: KubernetesConfig,
  { surroundings }: KubernetesWatches,
  logger: Logger,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (role === 'node' || (!own && names.length === 0)) return ['']
  if (!own) return names
  const path = join(surroundings.serviceAccount, 'namespace')
  const complain = createOnceIn(60_000)
  while (!signal.aborted) {
    try {
      const name = readFileSync(path, 'utf8').trim()
      if (name !== '') return [...new Set([name, ...names])]
      complain('', () => logger.error('own_namespace: the file of the namespace is empty', { path }))
    } catch (error) {
      complain('', () => logger.error('own_namespace: the namespace cannot be read', { path, error: errorCode(error) }))
    }
    await rest(OWN_NAMESPACE_RETRY_MS, signal)
  }
  return []
}

/** A sleep that an abort ends early, not with an error. */
const rest = (milliseconds: number, signal: AbortSignal): Promise<void> => sleep(milliseconds, undefined, { signal }).catch(() => undefined)

/** Waits for conditions that change when `call` is called; an abort ends every wait. */
function createWake(signal: AbortSignal) {
  let resolve: (() => void) | undefined
  const call = (): void => resolve?.()
  signal.addEventListener('abort', call, { once: true })
  return {
    call,
    until: async (condition: () => boolean): Promise<void> => {
      while (!signal.aborted && !condition()) {
        await new Promise<void>((done) => {
          resolve = done
        })
      }
      resolve = undefined
    },
    close: () => signal.removeEventListener('abort', call),
  }
}
