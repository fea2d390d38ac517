import { isDiscoveryKey } from '@clymene/discovery'
import { mappingOf, scalarText, sortedLabels, type Label, type Labels } from '@clymene/model'
import { compileRelabel, type RelabelRule } from '@clymene/relabel'

import type { Section } from '../config/section.ts'

/**
 * The labels that all lines of a job come with, after its rules: what its static targets have in common. Undefined when only a running agent
 * can know.
 */
export function staticLabels(section: Section, rules: readonly RelabelRule[]): Labels | undefined {
  const kinds = section.keys().filter(isDiscoveryKey)
  if (kinds.length === 0 || kinds.some((key) => key !== 'static_configs')) return undefined
  const relabel = compileRelabel(rules)
  const [first, ...others] = section
    .parsed('static_configs', targetsOf, [])
    .filter((target) => relabel(target))
    .map((target) => new Map([...target].filter(([name]) => !name.startsWith('__') || name === '__tenant_id__')))
  if (first === undefined) return undefined
  return sortedLabels([...first].filter(([name, value]) => others.every((other) => other.get(name) === value)))
}

/** What is wrong with them is told where they are read as targets. */
function targetsOf(groups: unknown): readonly Map<string, string>[] {
  const list: readonly unknown[] = Array.isArray(groups) ? groups : []
  return list.flatMap((group) => {
    const fields = mappingOf(group)
    const addresses = fields?.get('targets')
    const targets: readonly unknown[] = Array.isArray(addresses) && addresses.length > 0 ? addresses : ['localhost']
    const labels = [...(mappingOf(fields?.get('labels')) ?? [])].map(([name, value]): Label => [name, scalarText(value) ?? ''])
    return targets.map((address) => new Map([['__address__', String(address)], ...labels]))
  })
}
