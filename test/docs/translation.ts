import { posix } from 'node:path'

/** A page of this repository: `path` from its root. */
export type Page = { readonly path: string; readonly text: string }

type Kind = 'heading' | 'code block' | 'list item' | 'paragraph' | 'table row'
type Unit = { readonly kind: Kind; readonly lines: readonly string[] }

/** A heading, which is the first of its units, and what stands under it. */
type Section = { readonly level: number; readonly units: readonly Unit[] }

/**
 * Where a translation no longer has the shape of its original, in sentences that say what and where: headings by level; in each section
 * its paragraphs, list items, table rows and code blocks in their order; blocks to the letter; what stands between backticks and where
 * links lead, in any order, as words of another language come in another one. A page and its translation count as one place.
 * What stands above the first heading is the page's own.
 */
export function differencesOf(original: Page, translation: Page): readonly string[] {
  const [sections, translated] = [sectionsOf(original.text), sectionsOf(translation.text)]
  const apart = firstApart(sections, translated, ({ level }) => level)
  if (apart !== undefined) {
    const [here, there] = [sections, translated].map((of) => shown(of[apart]?.units[0]))
    return [`${translation.path}: ${here} of ${original.path} is ${there} here`]
  }
  return sections.flatMap(({ units }, index) => {
    const others = translated[index]?.units ?? []
    const where = `${translation.path}, "${others[0]?.lines[0]}" ("${units[0]?.lines[0]}")`
    const unlike = firstApart(units, others, ({ kind }) => kind)
    return unlike === undefined
      ? units.flatMap((unit, at) => unitDifferences(unit, others[at] ?? unit, original, translation).map((one) => `${where}: ${one}`))
      : [`${where}: ${shown(units[unlike])} of ${original.path} is ${shown(others[unlike])} here`]
  })
}

function unitDifferences(unit: Unit, other: Unit, original: Page, translation: Page): readonly string[] {
  if (unit.kind === 'code block') {
    const apart = firstApart(unit.lines, other.lines, (line) => line)
    return apart === undefined ? [] : [`${shown(unit)} has "${other.lines[apart] ?? ''}" where "${unit.lines[apart] ?? ''}" was expected`]
  }
  const [wanted, found] = [wordsOf(unit, original), wordsOf(other, translation)]
  return [
    ...[...wanted].filter((one) => !found.has(one)).map((one) => `${shown(other)} lacks ${one}`),
    ...[...found].filter((one) => !wanted.has(one)).map((one) => `${shown(other)} has ${one}, the original has not`),
  ]
}

/** What is the same in every language: what stands between backticks, and where links lead. */
function wordsOf({ lines }: Unit, page: Page): ReadonlySet<string> {
  const text = lines.map((line) => line.trim()).join(' ')
  const links = text.replaceAll(/`[^`]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)
  return new Set([...(text.match(/`[^`]*`/g) ?? []), ...[...links].map(([, link = '']) => `a link to ${placeOf(link, page)}`)])
}

/** The file that a link leads to, with its anchor, but for pages that are translated: their anchors are in their language. */
function placeOf(link: string, page: Page): string {
  if (/^[a-z]+:/.test(link)) return link
  const [path = '', anchor] = link.split('#')
  const file = path === '' ? page.path : posix.join(posix.dirname(page.path), path)
  const isOfPair = path === '' || file.startsWith('docs/ko/') || anchor === undefined
  return isOfPair ? originalOf(file) : `${file}#${anchor}`
}

export const originalOf = (path: string): string => (path === 'docs/ko/README.md' ? 'README.md' : path.replace(/^docs\/ko\//, 'docs/'))

/** The first place at which two lists are not alike, which may be the end of one. */
function firstApart<T>(one: readonly T[], other: readonly T[], of: (item: T) => unknown): number | undefined {
  const keys = [one.map(of), other.map(of)] as const
  return Array.from({ length: Math.max(one.length, other.length) }, (_, index) => index).find((index) => keys[0][index] !== keys[1][index])
}

function shown(unit: Unit | undefined): string {
  if (unit === undefined) return 'nothing'
  const line = (unit.lines[unit.kind === 'code block' ? 1 : 0] ?? '').replaceAll(/\s+/g, ' ').trim()
  return `${unit.kind} "${line.length > 60 ? `${line.slice(0, 60)}…` : line}"`
}

/** What stands above the first heading is none. */
export function sectionsOf(text: string): readonly Section[] {
  const sections: { level: number; units: Unit[] }[] = []
  for (const unit of unitsOf(text)) {
    if (unit.kind === 'heading') sections.push({ level: unit.lines[0]?.indexOf(' ') ?? 0, units: [unit] })
    else sections.at(-1)?.units.push(unit)
  }
  return sections
}

function unitsOf(text: string): readonly Unit[] {
  const units: { kind: Kind; lines: string[] }[] = []
  let open: { kind: Kind; lines: string[] } | undefined
  for (const line of text.split('\n')) {
    const isFence = /^ *```/.test(line)
    if (open?.kind === 'code block') {
      open.lines.push(line)
      if (isFence) open = undefined
    } else if (line.trim() === '') {
      open = undefined
    } else if (open === undefined || isFence || /^(#|\||- )/.test(line)) {
      open = { kind: kindOf(line), lines: [line] }
      units.push(open)
    } else {
      open.lines.push(line)
    }
  }
  return units.filter(({ lines }) => !/^\|[ |:-]*$/.test(lines[0] ?? ''))
}

function kindOf(line: string): Kind {
  if (/^ *```/.test(line)) return 'code block'
  if (line.startsWith('#')) return 'heading'
  if (line.startsWith('|')) return 'table row'
  return /^ *- /.test(line) ? 'list item' : 'paragraph'
}
