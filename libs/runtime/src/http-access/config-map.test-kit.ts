import { mappingOf } from '@clymene/model'

import { configMap, type ConfigMap } from './config-map.ts'

/** Only for tests: what `parse` gives for a map at `job`, with the mistakes that it told. */
export function parsedMap<T>(fields: object, parse: (map: ConfigMap) => T): { readonly value: T; readonly mistakes: readonly string[] } {
  const mistakes: string[] = []
  const value = parse(configMap(mappingOf(fields) ?? new Map(), (key) => `job.${key}`, mistakes))
  return { value, mistakes }
}
