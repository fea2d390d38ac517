import { extractedText, type PipelineEntry } from './entry.ts'
import type { Fields } from './fields.ts'

/** The text that a stage reads; undefined when there is none. */
export type SourceText = (entry: PipelineEntry) => string | undefined

/** The extracted value that `source` names; the line when there is no such option. */
export function readSource(fields: Fields): SourceText {
  const source = fields.text('source')
  if (source === '') fields.mistake('.source: must not be empty')
  return source === undefined ? (entry) => entry.line : (entry) => extractedText(entry.extracted.get(source))
}
