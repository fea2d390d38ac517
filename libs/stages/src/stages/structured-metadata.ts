import { extractedText } from '../entry.ts'
import { readLabelSources } from '../label-name.ts'
import { readRegex } from '../read-options.ts'
import type { StageKind } from '../stage.ts'

/**
 * Makes structured metadata of extracted values, else of labels: name → name of the value, the same when left empty. A label
 * of the value's name that has the value is moved: it goes away. A missing value sets nothing.
 */
export const structuredMetadata: StageKind = {
  keys: undefined,
  parse: (fields) => {
    const pairs = readLabelSources(fields)
    return (pass) => ({
      push: (entry) => {
        let left = entry.labels
        for (const [name, source] of pairs) {
          const label = entry.labels.get(source)
          const value = extractedText(entry.extracted.get(source)) ?? label
          if (value === '') continue
          ;(entry.metadata ??= new Map()).set(name, value)
          if (value === label) left = left.with(source, '')
        }
        entry.labels = left
        pass(entry)
      },
    })
  },
}

/** Makes structured metadata of every extracted value whose name matches `regex` somewhere, and moves the labels there that match. */
export const structuredMetadataRegex: StageKind = {
  keys: ['regex'],
  parse: (fields) => {
    const regex = readRegex(fields, 'regex')
    if ((fields.text('regex') ?? '') === '') fields.mistake('.regex: expected an expression for names')
    return (pass) => ({
      push: (entry) => {
        const metadata = entry.metadata ?? new Map<string, string>()
        for (const [name, value] of entry.extracted.all()) {
          const text = extractedText(value)
          if (text !== undefined && text !== '' && regex?.test(name) === true) metadata.set(name, text)
        }
        for (const [name, value] of entry.labels.labels) {
          if (name.startsWith('__') || regex?.test(name) !== true) continue
          metadata.set(name, value)
          entry.labels = entry.labels.with(name, '')
        }
        if (metadata.size > 0) entry.metadata = metadata
        pass(entry)
      },
    })
  },
}

/** Takes structured metadata away, by name. */
export const structuredMetadataDrop: StageKind = {
  keys: ['values'],
  parse: (fields) => {
    const names = fields.texts('values')
    if (names.length === 0) fields.mistake('.values: expected at least one name')
    return (pass) => ({
      push: (entry) => {
        for (const name of names) entry.metadata?.delete(name)
        if (entry.metadata?.size === 0) entry.metadata = undefined
        pass(entry)
      },
    })
  },
}
