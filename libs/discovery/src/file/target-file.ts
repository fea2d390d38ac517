import { readFile } from 'node:fs/promises'

import { ConfigError, type TargetGroup } from '@clymene/model'
import { parse } from 'yaml'

import { parseTargetGroups } from '../target-groups.ts'
import { jsonPlace } from './json-place.ts'

/**
 * Reads one file of target groups, JSON or YAML by its ending. Groups are named `<path>:<index>` and carry `__meta_filepath`.
 *
 * @throws ConfigError with every mistake; a system error when the file cannot be read.
 */
export async function readTargetFile(path: string): Promise<readonly TargetGroup[]> {
  const text = await readFile(path, 'utf8')
  const mistakes: string[] = []
  const groups = parseTargetGroups(parseText(path, text), path, mistakes, {
    source: (index) => `${path}:${index}`,
    labels: new Map([['__meta_filepath', path]]),
    isJson: isJson(path),
  })
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return groups
}

const isJson = (path: string): boolean => path.toLowerCase().endsWith('.json')

function parseText(path: string, text: string): unknown {
  try {
    return isJson(path) ? JSON.parse(text) : parse(text)
  } catch (error) {
    // Parsers quote what they read, which may be a secret in a label: only the place and kind are kept.
    throw new ConfigError(isJson(path) ? `${path}: is not JSON at ${jsonPlace(text)}` : `${path}: is not YAML${placeOf(error)}`)
  }
}

function placeOf(error: unknown): string {
  const text = error instanceof Error ? error.message : ''
  const place = /at line \d+, column \d+/.exec(text)
  return place === null ? '' : ` ${place[0]}`
}
