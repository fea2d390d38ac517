import { ConfigError, mappingOf, shown } from '@clymene/model'

import { readFields } from './fields.ts'
import { REFUSED_STAGES } from './refused-stages.ts'
import { STAGE_KINDS } from './registry.ts'
import type { StageStart } from './stage.ts'

/** One checked item of `pipeline_stages`. */
export type StageConfig = {
  readonly name: string
  readonly start: StageStart
  readonly tellsItself?: boolean
}

/**
 * Reads a `pipeline_stages` list of Promtail's configuration.
 *
 * @param value what the YAML parser gave; undefined and null mean no stages.
 * @param where the place for messages, such as `scrape_configs[0].pipeline_stages`.
 * @throws ConfigError with every mistake of every stage.
 */
export function parseStages(value: unknown, where: string): readonly StageConfig[] {
  const mistakes: string[] = []
  const configs = readStages(value, where, mistakes)
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return configs
}

function readStages(value: unknown, where: string, mistakes: string[]): readonly StageConfig[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) {
    mistakes.push(`${where}: expected a list of stages, found ${shown(value)}`)
    return []
  }
  const configs = value.map((item: unknown, index) => parseStage(item, `${where}[${index}]`, mistakes))
  return configs.filter((config) => config !== undefined)
}

function parseStage(item: unknown, where: string, mistakes: string[]): StageConfig | undefined {
  // `- cri` is written for `- cri: {}` often enough.
  const entries: readonly (readonly [string, unknown])[] = typeof item === 'string' ? [[item, {}]] : [...(mappingOf(item) ?? [])]
  const [entry] = entries
  if (entry === undefined || entries.length > 1) {
    mistakes.push(`${where}: expected one stage with its options, found ${shown(item)}`)
    return undefined
  }
  const [name, options] = entry
  const kind = STAGE_KINDS.get(name)
  if (kind === undefined) {
    const instead = REFUSED_STAGES.get(name)
    mistakes.push(
      instead === undefined
        ? `${where}: unknown stage ${shown(name)}, expected one of ${[...STAGE_KINDS.keys()].toSorted().join(', ')}`
        : `${where}: stage ${name} is not offered: ${instead}`,
    )
    return undefined
  }
  const { tellsItself = false } = kind
  return { name, tellsItself, start: kind.parse(readFields(options, `${where}.${name}`, kind.keys, mistakes, readStages)) }
}
