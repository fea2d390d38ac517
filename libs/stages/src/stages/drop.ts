import { isLonger } from '../cut-text.ts'
import { extractedText, type PipelineEntry } from '../entry.ts'
import type { Fields } from '../fields.ts'
import { readBytes, readDuration, readNames, readReason, readRegex } from '../read-options.ts'
import type { StageKind } from '../stage.ts'

/**
 * Takes out the lines for which everything that is given holds: `longer_than` bytes, a timestamp `older_than` a duration,
 * `source` (one extracted value or several, joined by `separator`) being there, or equal to `value`, or matching
 * `expression`; without a source the expression is looked for in the line.
 */
export const drop: StageKind = {
  keys: ['source', 'value', 'expression', 'separator', 'older_than', 'longer_than', 'drop_counter_reason'],
  parse: (fields) => {
    const reason = readReason(fields, 'drop_stage')
    const longerThan = readBytes(fields, 'longer_than')
    const olderThanMs = readDuration(fields, 'older_than') ?? 0
    const olderThanNs = BigInt(Math.round(olderThanMs * 1e6))
    const content = readContent(fields)
    if (['source', 'expression', 'older_than', 'longer_than'].every((key) => (fields.raw(key) ?? '') === '')) {
      fields.mistake(': expected at least one of source, expression, older_than, longer_than')
    }
    return (pass, context) => {
      const isUnwanted = (entry: PipelineEntry): boolean => {
        if (longerThan !== undefined && !isLonger(entry.line, longerThan)) return false
        if (olderThanNs > 0n && entry.timestampNs >= context.now() - olderThanNs) return false
        return content?.(entry) ?? true
      }
      return {
        push: (entry) => {
          if (isUnwanted(entry)) context.dropped(reason, 1)
          else pass(entry)
        },
      }
    }
  },
}

/** What has to hold of the extracted values or the line; undefined when nothing is said of them. */
function readContent(fields: Fields): ((entry: PipelineEntry) => boolean) | undefined {
  const sources = readNames(fields, 'source')
  const value = fields.text('value')
  const separator = fields.text('separator') ?? ';'
  const expression = readRegex(fields, 'expression')
  if (value !== undefined && (fields.text('expression') ?? '') !== '') fields.mistake(': expected value or expression, not both')
  if (value !== undefined && sources.length === 0) fields.mistake('.value: needs a source to compare')
  const holds = value === undefined ? expression?.test : (text: string): boolean => text === value
  if (sources.length === 0) return holds === undefined ? undefined : (entry) => holds(entry.line)
  if (holds === undefined) return ({ extracted }) => sources.every((source) => (extracted.get(source) ?? undefined) !== undefined)
  return ({ extracted }) => {
    const found = sources.map((source) => extracted.get(source)).filter((one) => one !== undefined)
    const texts = found.map(extractedText).filter((text) => text !== undefined)
    // What a stage looked for and did not find cannot be compared: the line stays.
    return texts.length === found.length && holds(texts.join(separator))
  }
}
