/**
 * Whether an object of version `a` is not newer than `b`; undefined when that cannot be told. Versions of one resource are whole numbers that
 * only rise, until its store is restored from a backup.
 *
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
 */
export function isUpTo(a: string, b: string): boolean | undefined {
  if (!/^\d+$/.test(a) || !/^\d+$/.test(b)) return undefined
  return BigInt(a) <= BigInt(b)
}
