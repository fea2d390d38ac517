import { ConfigError, type Discoverer, type TargetGroup } from '@clymene/model'
import { aborted } from '@clymene/runtime'

import type { ParseOptions } from '../discoverer-config.ts'
import { parseTargetGroups } from '../target-groups.ts'

export type StaticDiscoveryConfig = { readonly groups: readonly TargetGroup[] }

/**
 * Reads a whole `static_configs` list; its groups are named `0`, `1`, ….
 *
 * @throws ConfigError with every mistake.
 */
export function parseStaticConfig(value: unknown, where: string, options: ParseOptions = {}): StaticDiscoveryConfig {
  const mistakes: string[] = []
  const groups = parseTargetGroups(value, where, mistakes, { source: String, defaultTarget: options.defaultTarget })
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return { groups }
}

/** Says its groups once. */
export function createStaticDiscoverer(config: StaticDiscoveryConfig): Discoverer {
  return {
    run: async (update, signal) => {
      if (signal.aborted) return
      update(config.groups)
      await aborted(signal)
    },
  }
}
