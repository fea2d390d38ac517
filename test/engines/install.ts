/**
 * Installs every engine that tests use and that is not there yet (those that only benches use when they are named), from package registries only, and prints a line for
 * each. One that cannot be installed is told with its reason, and the suites that need it are skipped; with CI=true
 * that is a failure. Names on the command line limit it to those.
 */
import { withLock } from './cache.ts'
import { catalog, type EngineName, engineNames } from './catalog.ts'
import { forgetFailure, recordFailure } from './install-failure.ts'

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !engineNames.some((known) => known === name))
if (unknown.length > 0) {
  process.stderr.write(`no engine ${unknown.join(', ')}; there are ${engineNames.join(', ')}\n`)
  process.exit(2)
}

// Builds take the processors, so they follow each other; the others take the network: side by side with the builds.
const BUILT: readonly EngineName[] = ['loki', 'kubernetes', 'prometheus3', 'kustomize', 'helm']
const isBuilt = (name: EngineName): boolean => BUILT.includes(name)
const wanted = engineNames.filter((name) => (asked.length === 0 ? catalog[name].optional !== true : asked.includes(name)))
const lanes = [wanted.filter(isBuilt), wanted.filter((name) => !isBuilt(name))]
const installed = (await Promise.all(lanes.map((lane) => installAll(lane)))).flat()
if (installed.includes(false) && process.env['CI'] === 'true') process.exitCode = 1

async function installAll(names: readonly EngineName[]): Promise<boolean[]> {
  const results: boolean[] = []
  for (const name of names) results.push(await installOne(name))
  return results
}

async function installOne(name: EngineName): Promise<boolean> {
  const { isInstalled, install } = catalog[name]
  const began = performance.now()
  const tell = (what: string): void => {
    process.stdout.write(`${name.padEnd(14)} ${what}\n`)
  }
  if (isInstalled()) {
    forgetFailure(name)
    tell('is there')
    return true
  }
  try {
    await withLock(name, async () => {
      // Another process may have done it while this one waited.
      if (!isInstalled()) await install()
    })
    forgetFailure(name)
    tell(`installed in ${((performance.now() - began) / 1000).toFixed(1)} s`)
    return true
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    recordFailure(name, reason)
    tell(`cannot be installed: ${reason}`)
    return false
  }
}
