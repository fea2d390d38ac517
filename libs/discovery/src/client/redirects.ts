import { DiscoveryError } from '../discovery-error.ts'

export const MAX_REDIRECTS = 10

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/**
 * Where an answer sends us; undefined when it does not.
 *
 * @throws DiscoveryError when it is no address to go to. Where it leads is not told: a query may hold a secret.
 */
export function redirectOf(status: number, location: unknown, from: URL): URL | undefined {
  if (!REDIRECTS.has(status) || typeof location !== 'string') return undefined
  const to = URL.canParse(location, from) ? new URL(location, from) : undefined
  if (to !== undefined && /^https?:$/.test(to.protocol)) return to
  throw new DiscoveryError('answer', `answered ${status} with a location that is no URL of http or https`, { needsOperator: true })
}
