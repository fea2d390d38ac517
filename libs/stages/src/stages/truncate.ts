import { isLonger, cutText } from '../cut-text.ts'
import type { PipelineEntry } from '../entry.ts'
import type { Fields } from '../fields.ts'
import { readBytes, readWord } from '../read-options.ts'
import type { StageKind } from '../stage.ts'

const SOURCE_TYPES = ['line', 'label', 'structured_metadata', 'extracted'] as const
type SourceType = (typeof SOURCE_TYPES)[number]

type Rule = { readonly limit: number; readonly suffix: string; readonly type: SourceType; readonly sources: readonly string[] }

/**
 * Cuts what is longer than a limit in bytes: each of `rules` has `limit` and may have `suffix` (which the limit includes),
 * `source_type` (the line, labels, structured metadata or extracted values) and the names of `sources`, all when there are none.
 * What kinds were cut is extracted as `truncated`, such as `label,line`.
 */
export const truncate: StageKind = {
  keys: ['rules'],
  parse: (fields) => {
    const rules = fields.items('rules', RULE_KEYS).map(readRule)
    if (rules.length === 0) fields.mistake('.rules: expected at least one rule')
    return (pass) => ({
      push: (entry) => {
        const cut = new Set<string>()
        for (const rule of rules) if (apply(rule, entry)) cut.add(rule.type)
        if (cut.size > 0) {
          const before = entry.extracted.get('truncated')
          for (const type of typeof before === 'string' ? before.split(',') : []) cut.add(type)
          entry.extracted.set('truncated', [...cut].toSorted().join())
        }
        pass(entry)
      },
    })
  },
}

const RULE_KEYS = ['limit', 'suffix', 'source_type', 'sources']

function readRule(fields: Fields): Rule {
  const limit = readBytes(fields, 'limit') ?? 0
  const suffix = fields.text('suffix') ?? ''
  const type = readWord(fields, 'source_type', SOURCE_TYPES)
  const sources = fields.texts('sources')
  if (limit === 0) fields.mistake('.limit: expected bytes above 0')
  else if (Buffer.byteLength(suffix) >= limit) fields.mistake('.suffix: must be shorter than the limit')
  if (type === 'line' && sources.length > 0) fields.mistake('.sources: a line has no names')
  return { limit, suffix, type, sources }
}

/** Whether it cut something. */
function apply(rule: Rule, entry: PipelineEntry): boolean {
  let cut = false
  const shorten = (text: string): string => {
    if (!isLonger(text, rule.limit)) return text
    cut = true
    return cutText(text, rule.limit - Buffer.byteLength(rule.suffix)) + rule.suffix
  }
  const isMeant = (name: string): boolean => rule.sources.length === 0 || rule.sources.includes(name)
  switch (rule.type) {
    case 'line':
      entry.line = shorten(entry.line)
      break
    case 'label':
      for (const [name, value] of entry.labels.labels) if (isMeant(name)) entry.labels = entry.labels.with(name, shorten(value))
      break
    case 'structured_metadata':
      for (const [name, value] of entry.metadata ?? []) if (isMeant(name)) entry.metadata?.set(name, shorten(value))
      break
    case 'extracted':
      for (const name of rule.sources.length > 0 ? rule.sources : entry.extracted.values().keys()) {
        const value = entry.extracted.get(name)
        if (typeof value === 'string' && isLonger(value, rule.limit)) entry.extracted.set(name, shorten(value))
      }
      break
  }
  return cut
}
