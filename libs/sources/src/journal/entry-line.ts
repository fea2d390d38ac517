import type { LabelMap, Labels } from '@clymene/model'
import { compileRelabel } from '@clymene/relabel'
import type { LabelSet } from '@clymene/stages'

import { TENANT_LABEL } from '../lines/stream.ts'
import type { JournalEntry } from './journal-entry.ts'
import type { JournalJob } from './options.ts'
import { createOwnEntries, type OwnEntries } from './own-entries.ts'

/** Why an entry is not sent. */
export type LeftOut = 'own' | 'no_message' | 'no_labels' | 'relabelling'

export type EntryLine = { readonly labels: LabelSet; readonly line: string }

/**
 * Labels and line of entries, as Promtail makes them: each field is a label `__journal_` and its name in small letters (so a field that
 * begins with an underscore has two), of one that is there several times the last; the priority has its keyword beside it.
 *
 * @param base labels of every entry that does not have them
 */
export function createEntryLines(
  { relabel: rules, labels: own, json }: JournalJob,
  base: LabelSet,
  isOwn: OwnEntries = createOwnEntries(),
): (entry: JournalEntry) => EntryLine | LeftOut {
  const relabel = compileRelabel(rules)
  return (entry) => {
    if (isOwn(entry)) return 'own'
    const { fields } = entry
    const message = fields.get('MESSAGE')
    if (message === undefined && !json) return 'no_message'
    const found = labelsOf(fields, own)
    if (!relabel(found)) return 'relabelling'
    let labels = base
    // In one order, so that equal labels are one set.
    for (const [name, value] of [...found].toSorted(byName)) if (isSent(name)) labels = labels.with(name, value)
    if (!labels.labels.some(([name]) => name !== TENANT_LABEL)) return 'no_labels'
    return { labels, line: json ? jsonOf(fields) : (message ?? []).join('\n') }
  }
}

function labelsOf(fields: JournalEntry['fields'], own: Labels): LabelMap {
  const labels: LabelMap = new Map()
  for (const [name, values] of fields) {
    const value = values.at(-1) ?? ''
    labels.set(`__journal_${name.toLowerCase()}`, value)
    if (name === 'PRIORITY') labels.set('__journal_priority_keyword', KEYWORDS[Number(value)] ?? value)
  }
  for (const [name, value] of own) labels.set(name, value)
  return labels
}

/** syslog(3), with Promtail's names. */
const KEYWORDS: readonly string[] = ['emerg', 'alert', 'crit', 'error', 'warning', 'notice', 'info', 'debug']

const byName = ([a]: readonly [string, string], [b]: readonly [string, string]): number => (a < b ? -1 : 1)

const isSent = (name: string): boolean => !name.startsWith('__') || name === TENANT_LABEL

const jsonOf = (fields: JournalEntry['fields']): string =>
  JSON.stringify(Object.fromEntries(Array.from(fields, ([name, values]) => [name, values.length === 1 ? values[0] : values])))
