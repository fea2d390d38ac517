import { entryText, type RunEntry } from '@clymene/agent'
import type { Labels } from '@clymene/model'
import { formatRfc3339 } from '@clymene/wire'

/** Entries as text, without a line end. A time that no stage set is a dash, in JSON null. */
export const ENTRY_TEXTS: Readonly<Record<'lines' | 'json', (entry: RunEntry) => string>> = {
  lines: (entry) => entryText(entry.labels, entry).slice(0, -1),
  json: ({ timestampNs, labels, metadata, line }) =>
    JSON.stringify({
      timestamp: timestampNs === undefined ? null : formatRfc3339(timestampNs),
      labels: objectOf(labels),
      ...(metadata.length === 0 ? {} : { metadata: objectOf(metadata) }),
      line,
    }),
}

/** `__proto__` is a name too: it becomes a key of its own here. */
const objectOf = (labels: Labels): object => Object.fromEntries(labels)
