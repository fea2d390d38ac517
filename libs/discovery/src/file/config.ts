import { resolve } from 'node:path'

import { ConfigError, scalarText, shown } from '@clymene/model'
import { parseDuration } from '@clymene/runtime'

import { isDuration } from '../config-values.ts'
import type { ParseOptions } from '../discoverer-config.ts'
import { readMapping } from '../target-groups.ts'

export type FileDiscoveryConfig = {
  /** Absolute paths; the last part may hold one `*`. */
  readonly files: readonly string[]
  readonly refreshMs: number
}

const FILE = /^[^*]*(?:\*[^/]*)?\.(?:json|yml|yaml)$/i
const KEYS = ['files', 'refresh_interval']

/**
 * Reads one item of `file_sd_configs`.
 *
 * @throws ConfigError with every mistake.
 * @see https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config
 */
export function parseFileConfig(value: unknown, where: string, options: ParseOptions = {}): FileDiscoveryConfig {
  const mistakes: string[] = []
  const fields = readMapping(value, where, mistakes)
  for (const key of fields.keys()) if (!KEYS.includes(key)) mistakes.push(`${where}.${key}: unknown key (known: ${KEYS.join(', ')})`)
  const config = {
    files: readFiles(fields.get('files'), `${where}.files`, mistakes).map((file) => resolve(options.directory ?? '.', file)),
    refreshMs: readRefresh(fields.get('refresh_interval'), `${where}.refresh_interval`, mistakes),
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return config
}

function readFiles(value: unknown, where: string, mistakes: string[]): readonly string[] {
  if (!Array.isArray(value) || value.length === 0) {
    mistakes.push(`${where}: expected a list of at least one path, found ${shown(value)}`)
    return []
  }
  return value.flatMap((file: unknown, index) => {
    if (typeof file === 'string' && FILE.test(file)) return [file]
    mistakes.push(
      `${where}[${index}]: expected a path that ends with .json, .yml or .yaml and has a * in its last part only, found ${shown(file)}`,
    )
    return []
  })
}

function readRefresh(value: unknown, where: string, mistakes: string[]): number {
  const text = scalarText(value ?? '5m') ?? ''
  if (!isDuration(text)) mistakes.push(`${where}: expected a duration such as 30s or 1m30s, found ${shown(value)}`)
  else if (parseDuration(text) > 0) return parseDuration(text)
  else mistakes.push(`${where}: expected more than 0, found ${shown(value)}`)
  return 1
}
