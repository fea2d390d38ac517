import { extractedText } from '../entry.ts'
import type { StageKind } from '../stage.ts'

/**
 * Puts labels into the line, so that they are no part of the stream: the line becomes JSON with the `labels` (or extracted
 * values) that are there, sorted, and the line itself as `_entry`, which LogQL's `unpack` reads. With `ingest_timestamp`,
 * the default, the line gets the present time, since streams that were apart are one now.
 */
export const pack: StageKind = {
  keys: ['labels', 'ingest_timestamp'],
  parse: (fields) => {
    const names = [...new Set(fields.texts('labels'))].toSorted()
    const ingestTimestamp = fields.flag('ingest_timestamp') ?? true
    return (pass, context) => ({
      push: (entry) => {
        const members: string[] = []
        for (const name of names) {
          const text = extractedText(entry.extracted.get(name)) ?? (entry.labels.get(name) || undefined)
          if (text === undefined) continue
          members.push(`${JSON.stringify(name)}:${JSON.stringify(text)}`)
          entry.labels = entry.labels.with(name, '')
        }
        entry.line = `{${[...members, `"_entry":${JSON.stringify(entry.line)}`].join(',')}}`
        if (ingestTimestamp) entry.timestampNs = context.now()
        pass(entry)
      },
    })
  },
}
