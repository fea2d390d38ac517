/**
 * Which state of the English pages the Korean ones are translations of: a fingerprint of each English section, in docs/ko/translated.json.
 * `npm run translated` writes those of now, when the translations have been looked at, and says which they are; a test fails when a section is another
 * one.
 */
import { createHash } from 'node:crypto'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { root } from './commands.ts'
import { differencesOf, originalOf, type Page, sectionsOf } from './translation.ts'

export const RECORD = 'docs/ko/translated.json'
export const KOREAN_PAGES: readonly string[] = globSync('docs/ko/*.md', { cwd: root }).toSorted()

/** By heading, as it stands in the English page. */
export type Fingerprints = ReadonlyMap<string, string>

/** Those in the record, by English page. */
export function readRecord(): ReadonlyMap<string, Fingerprints> {
  const record: Record<string, Record<string, string>> = JSON.parse(readFileSync(join(root, RECORD), 'utf8'))
  return new Map(Object.entries(record).map(([path, sections]) => [path, new Map(Object.entries(sections))]))
}

/** Of the words of each section: not of how lines are broken and columns aligned, nor of blocks, which are the same in both languages. */
export function fingerprintsOf(text: string): Fingerprints {
  const words = new Map<string, string>()
  for (const { units } of sectionsOf(text)) {
    const heading = units[0]?.lines[0] ?? ''
    const written = units.filter(({ kind }) => kind !== 'code block').map(({ kind, lines }) => `${kind}: ${lines.join(' ')}`)
    words.set(heading, [words.get(heading) ?? '', ...written].join('\n'))
  }
  return new Map([...words].map(([heading, written]) => [heading, fingerprint(written.replaceAll(/[^\S\n]+/g, ' '))]))
}

const fingerprint = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12)

/** Sections that are not those that were translated: a sentence each. */
export function changesSince(translated: Fingerprints, { path, text }: Page): readonly string[] {
  const now = fingerprintsOf(text)
  const changes = [...now].flatMap(([heading, print]) => {
    if (!translated.has(heading)) return [`"${heading}" of ${path} was not there`]
    return translated.get(heading) === print ? [] : [`"${heading}" of ${path} has other words now`]
  })
  const gone = [...translated.keys()].filter((heading) => !now.has(heading)).map((heading) => `"${heading}" of ${path} is gone`)
  return [...changes, ...gone]
}

/** What is said of pages whose translations were looked at, and the fingerprints of now; none where a translation has another shape still. */
export function lookedAt(
  pairs: readonly (readonly [original: Page, translation: Page])[],
  record: ReadonlyMap<string, Fingerprints>,
): { readonly said: readonly string[]; readonly prints?: ReadonlyMap<string, Fingerprints> } {
  const differences = pairs.flatMap(([original, translation]) => differencesOf(original, translation))
  const changes = pairs.flatMap(([original]) => changesSince(record.get(original.path) ?? new Map(), original))
  if (differences.length > 0) return { said: [...changes, ...differences, `${RECORD} stays as it was`] }
  const prints = new Map(pairs.map(([{ path, text }]) => [path, fingerprintsOf(text)]))
  return { said: [...changes, changes.length === 0 ? `${RECORD} has them all` : `${RECORD} has these as translated now`], prints }
}

export const readPage = (path: string): Page => ({ path, text: readFileSync(join(root, path), 'utf8') })

if (import.meta.main) {
  const pairs = KOREAN_PAGES.map((path) => [readPage(originalOf(path)), readPage(path)] as const)
  const { said, prints } = lookedAt(pairs, readRecord())
  process.stdout.write(`${said.join('\n')}\n`)
  if (prints === undefined) process.exitCode = 1
  else {
    const record = Object.fromEntries([...prints].map(([path, sections]) => [path, Object.fromEntries(sections)]))
    writeFileSync(join(root, RECORD), `${JSON.stringify(record, undefined, 2)}\n`)
  }
}
