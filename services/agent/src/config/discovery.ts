import { dirname } from 'node:path'

import { isDiscoveryKey, parseDiscovery, type DiscovererConfig, type ParseOptions } from '@clymene/discovery'
import type { RelabelRule } from '@clymene/relabel'

import { leadingZero } from './leading-zero.ts'
import type { Section } from './section.ts'

/** All discovery keys of a job, in the order of the file. Relative paths begin at the configuration file. */
export function readDiscovery(
  section: Section,
  path: string,
  more: Pick<ParseOptions, 'defaultTarget' | 'forFiles' | 'ownNode'> = {},
): readonly DiscovererConfig[] {
  const options = { directory: dirname(path), ...more }
  return section
    .keys()
    .filter(isDiscoveryKey)
    .flatMap((key) =>
      section.together([key], (fields, where) => parseDiscovery(fields, where(key).slice(0, -`.${key}`.length), options), []),
    )
}

/**
 * Whether every target of the job surely gets a `cluster` of its own: by a rule, or by a label of each of its static groups.
 * Rules for single samples do not count, they never see `up`.
 */
export function setsCluster(section: Section, relabelRules: readonly RelabelRule[]): boolean {
  if (relabelRules.some(givesCluster)) return true
  const kinds = section.keys().filter(isDiscoveryKey)
  return kinds.length > 0 && kinds.every((key) => key === 'static_configs') && section.parsed('static_configs', everyGroupHasCluster, false)
}

/** A text that is empty, which nobody filled in, takes the label away. */
export const givesCluster = ({ targetLabel, sourceLabels, replacement }: RelabelRule): boolean =>
  targetLabel === 'cluster' && (replacement !== '' || sourceLabels.length > 0)

/** Without rules that could take it apart, an address of a static target with a slash in it is a URL by mistake. */
export function refuseTargetUrls(section: Section): void {
  const places = section
    .scalars()
    .filter(({ key, where, text }) => key === 'targets' && where.includes('.static_configs[') && text.includes('/'))
  for (const { where } of places)
    section.refuse(`${where}: expected host:port without scheme and path, which are scheme and metrics_path of the job`)
}

/** Parsers of other packages no longer see how a number was written: in quotes it is text to Prometheus, and a leading zero is ambiguous. */
export function refuseDisguisedNumbers(section: Section): void {
  for (const { key, where, text, isPlain } of section.scalars()) {
    const isPort = key === 'port' && /_sd_configs\[\d+\]\.port$/.test(where)
    if (!isPort && !(key === 'modulus' && /relabel_configs\[\d+\]\.modulus$/.test(where))) continue
    const isQuoted = isPort && !isPlain && /^\d+$/.test(text)
    const wrong = isQuoted ? 'expected a number, without quotes' : leadingZero(text)
    if (wrong !== undefined) section.refuse(`${where}: found ${JSON.stringify(text)}, ${wrong}`)
  }
}

const everyGroupHasCluster = (groups: unknown): boolean => Array.isArray(groups) && groups.every(hasClusterLabel)

function hasClusterLabel(group: unknown): boolean {
  if (typeof group !== 'object' || group === null || !('labels' in group)) return false
  const { labels } = group
  return typeof labels === 'object' && labels !== null && 'cluster' in labels && Boolean(labels.cluster)
}
