import { dirname, resolve } from 'node:path'

import { collectMistakes, errorMessage } from '@clymene/model'

import { readText, type ConfigText } from '../config-text.ts'
import { glob } from './glob.ts'
import { openYaml, type Section } from './section.ts'

/** One file that `scrape_config_files` names: a list of jobs, and nothing else. */
export type JobFile = { readonly text: ConfigText; readonly jobs: readonly Section[] }

/** Opens the files that `scrape_config_files` names, each pattern's in order; a pattern that names none is told in `warnings`. */
export function openJobFiles(
  root: Section,
  patterns: readonly string[],
  path: string,
  mistakes: string[],
  warnings: string[],
): readonly JobFile[] {
  return patterns.flatMap((pattern) => {
    const files = namedBy(root, pattern, path)
    if (files?.length === 0) warnings.push(`${root.where('scrape_config_files')}: ${JSON.stringify(pattern)} names no file now`)
    return (files ?? []).flatMap((file) => collectMistakes(mistakes, () => [openJobFile(file, mistakes)]) ?? [])
  })
}

/**
 * Paths of a configuration and of the files that it names now, by its text of now: what was refused may be mended in a file that only the refused
 * text names.
 */
export function createFileList(main: ConfigText): () => readonly string[] {
  const { path } = main
  let { text } = main
  let patterns = patternsOf(main)
  return () => {
    const now = attempt(() => readText(path)) ?? main
    if (now.text !== text) [text, patterns] = [now.text, patternsOf(now)]
    return [path, ...patterns.flatMap((pattern) => attempt(() => glob(resolve(dirname(path), pattern))) ?? [])]
  }
}

const patternsOf = ({ text, path }: ConfigText): readonly string[] =>
  attempt(() => openYaml(text, path, []).list('scrape_config_files')) ?? []

/** undefined after an error: it is told when the configuration is read. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** undefined after a mistake. */
function namedBy(root: Section, pattern: string, path: string): readonly string[] | undefined {
  try {
    if (pattern === '' || /\*.*\//s.test(pattern)) throw new Error('expected a path that has a * in its last part only')
    return glob(resolve(dirname(path), pattern))
  } catch (error) {
    root.mistake('scrape_config_files', `${JSON.stringify(pattern)}: ${errorMessage(error)}`)
    return undefined
  }
}

function openJobFile(file: string, mistakes: string[]): JobFile {
  const text = readText(file)
  const root = openYaml(text.text, file, mistakes)
  const jobs = root.sections('scrape_configs')
  root.finish((key) => (key === 'global' ? 'belongs into the main file, expected scrape_configs and nothing else' : undefined))
  return { text, jobs }
}
