/**
 * Installs every engine that tests use and that is not there yet (those that only benches use when they are named), from package registries only, and prints a line for
 * each. One that cannot be installed is told with its reason, and the suites that need it are skipped; with CI=true
 * that is a failure. Names on the command line limit it to those.
 */
import { catalog, type EngineName, engineNames } from './catalog.ts'
import { installEngine } from './install-engine.ts'
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
  const { told, reason } = await installEngine(name, catalog[name])
  if (reason === undefined) forgetFailure(name)
  else recordFailure(name, reason)
  process.stdout.write(`${name.padEnd(14)} ${told}\n`)
  return reason === undefined
}
