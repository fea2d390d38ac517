import { errorMessage, mutableLabels, type Discoverer, type TargetGroup } from '@clymene/model'

export type DiscoveredOnce = {
  readonly found: readonly ReadonlyMap<string, string>[]
  /** Of the discoverers: those that did not speak in time, and why others ended. */
  readonly missing: readonly string[]
}

/** Runs discoverers until each has told its targets once, or has had its time, or nobody wants to know any more. */
export async function discoverOnce(discoverers: readonly Discoverer[], timeoutMs: number, signal?: AbortSignal): Promise<DiscoveredOnce> {
  const stopping = new AbortController()
  const groups = new Map<string, TargetGroup>()
  const missing: string[] = []
  const { promise: patience, resolve: stopWaiting } = Promise.withResolvers<void>()
  const timer = setTimeout(stopWaiting, timeoutMs)
  signal?.addEventListener('abort', () => stopWaiting(), { once: true })
  const runs: Promise<void>[] = []
  const spoken = discoverers.map((discoverer, index) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    let hasSpoken = false
    const update = (changes: readonly TargetGroup[]): void => {
      for (const group of changes) groups.set(`${index}/${group.source}`, group)
      hasSpoken = true
      resolve()
    }
    const run = discoverer.run(update, stopping.signal).catch((error: unknown) => {
      if (!stopping.signal.aborted) missing.push(errorMessage(error))
      hasSpoken = true
      resolve()
    })
    const tellSilence = (): void => {
      const trouble = discoverer.trouble?.()
      if (!hasSpoken) missing.push(`nothing was discovered within ${timeoutMs / 1000} s${trouble === undefined ? '' : `: ${trouble}`}`)
    }
    // It forgets its trouble when it ends.
    stopping.signal.addEventListener('abort', tellSilence, { once: true })
    runs.push(run)
    return promise
  })
  await Promise.race([Promise.all(spoken), patience])
  clearTimeout(timer)
  stopping.abort(new DOMException('discovered once', 'AbortError'))
  await Promise.all(runs)
  return { found: [...groups.values()].flatMap((group) => group.targets.map((target) => mutableLabels(group, target))), missing }
}
