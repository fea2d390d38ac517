import { booleanOf, shown } from '@clymene/model'

/** Absent is false. */
export function readFlag(value: unknown, where: string, mistakes: string[]): boolean {
  if (value === undefined || value === null) return false
  const read = booleanOf(value)
  if (read !== undefined) return read
  mistakes.push(`${where}: expected true or false, found ${shown(value)}`)
  return false
}
