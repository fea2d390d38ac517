import { nearestName } from '@clymene/runtime'

/** @param known keys that may still be meant. */
export function unknownKey(key: string, known: readonly string[]): string {
  const meant = nearestName(key, known)
  return meant === undefined ? 'unknown key' : `unknown key, did you mean ${meant}?`
}
