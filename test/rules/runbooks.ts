import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

const FOLDER = join(import.meta.dirname, '../../docs/runbooks')

/** Names of the alerts that have one, sorted. */
export const runbookNames = (): readonly string[] =>
  globSync('*.md', { cwd: FOLDER })
    .map((file) => basename(file, '.md'))
    .filter((name) => name !== 'README')
    .toSorted()

export const readRunbook = (name: string): string => readFileSync(join(FOLDER, `${name}.md`), 'utf8')

/** What runbooks tell to ask Prometheus, a line each. */
export const runbookQueries = (): readonly (readonly [name: string, query: string])[] =>
  runbookNames().flatMap((name) =>
    [...readRunbook(name).matchAll(/^```promql\n([^]*?)\n```$/gm)].flatMap(([, block = '']) =>
      block.split('\n').map((query) => [name, query] as const),
    ),
  )
