import { withLock } from './cache.ts'
import type { Installation } from './catalog.ts'

/** What became of it, for a person; `reason` when it cannot be had. */
export type Outcome = { readonly told: string; readonly reason?: string }

/** Installs an engine that is not there, and makes what it lacks besides: that it cannot be made is told, but the engine is there. */
export async function installEngine(name: string, { isInstalled, install, help }: Installation): Promise<Outcome> {
  const began = performance.now()
  const done = (what: string): string => `${what} in ${((performance.now() - began) / 1000).toFixed(1)} s`
  const wasThere = isInstalled()
  try {
    await once(name, isInstalled, install)
  } catch (error) {
    return { told: `cannot be installed: ${reasonOf(error)}`, reason: reasonOf(error) }
  }
  const there = wasThere ? 'is there' : done('installed')
  if (help?.isMissing() !== true) return { told: there }
  try {
    await once(name, () => !help.isMissing(), help.make)
    return { told: wasThere ? `${there}; ${done('its class archive was made')}` : done('installed') }
  } catch (error) {
    return { told: `${there}; it starts more slowly, without a class archive: ${reasonOf(error)}` }
  }
}

/** Another process may have done it while this one waited. */
const once = async (name: string, isDone: () => boolean, work: () => Promise<void>): Promise<void> =>
  isDone() ? undefined : withLock(name, async () => (isDone() ? undefined : work()))

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
