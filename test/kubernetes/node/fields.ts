import type { Container, Pod } from '../objects.ts'

/** A field of the downward API, as `metadata.labels['app']` or `status.podIP`; undefined when there is no such field. */
export function fieldOf(pod: Pod, path: string, podIP: string, hostIP: string): string | undefined {
  const [, list, key] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? []
  if (list !== undefined && key !== undefined) return (list === 'labels' ? pod.metadata.labels : pod.metadata.annotations)?.[key] ?? ''
  const fields: Record<string, string | undefined> = {
    'metadata.name': pod.metadata.name,
    'metadata.namespace': pod.metadata.namespace,
    'metadata.uid': pod.metadata.uid,
    'metadata.labels': quoted(pod.metadata.labels),
    'metadata.annotations': quoted(pod.metadata.annotations),
    'spec.nodeName': pod.spec.nodeName,
    'spec.serviceAccountName': pod.spec.serviceAccountName ?? 'default',
    'status.podIP': podIP,
    'status.podIPs': podIP,
    'status.hostIP': hostIP,
    'status.hostIPs': hostIP,
  }
  return fields[path]
}

/** `requests.cpu`, `limits.memory` of a container in whole units of the divisor, rounded up; 0 without one. */
export function resourceOf(container: Container, resource: string, divisor = '1'): string {
  const [kind, name] = resource.split('.')
  const quantities = kind === 'limits' ? container.resources?.limits : container.resources?.requests
  return String(Math.ceil(quantityOf(quantities?.[name ?? ''] ?? '0') / (quantityOf(divisor) || 1)))
}

const UNITS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
}

/** `250m` → 0.25, `64Mi` → 67108864 */
export function quantityOf(text: string): number {
  const [, number = '0', unit = ''] = /^([0-9.]+)([a-zA-Z]*)$/.exec(text) ?? []
  return Number(number) * (UNITS[unit] ?? Number.NaN)
}

const quoted = (pairs: Readonly<Record<string, string>> = {}): string =>
  Object.entries(pairs)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n')
