import { extractedText, type PipelineEntry } from './entry.ts'
import type { TemplateFields } from './go-template/evaluate.ts'

/** What a template of a stage can name: the extracted values as text, and over them what the stage itself gives. */
export function templateFields(entry: PipelineEntry, own: { readonly Value: string | undefined; readonly Entry?: string }): TemplateFields {
  const get = (name: string): string | undefined => {
    if (name === 'Value' && own.Value !== undefined) return own.Value
    if (name === 'Entry' && own.Entry !== undefined) return own.Entry
    return extractedText(entry.extracted.get(name))
  }
  return {
    get,
    all: () => {
      const names = [...entry.extracted.all().keys(), 'Value', 'Entry']
      return new Map(names.map((name) => [name, get(name)] as const).filter(([, value]) => value !== undefined))
    },
  }
}
