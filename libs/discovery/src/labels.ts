/** `host:port`, an IPv6 address in brackets. */
export const joinHostPort = (host: string, port: number | string): string => `${host.includes(':') ? `[${host}]` : host}:${port}`

/** A name with every character that a label name may not have replaced by `_`. */
export const sanitized = (name: string): string => name.replaceAll(/[^a-zA-Z0-9_]/gu, '_')

/** Labels of a target. An empty value is no label, so it never gets in. */
export function targetLabels(
  ...lists: readonly Iterable<readonly [name: string, value: string | undefined]>[]
): ReadonlyMap<string, string> {
  const labels = new Map<string, string>()
  for (const list of lists) for (const [name, value] of list) if (value !== undefined && value !== '') labels.set(name, value)
  return labels
}
