import type { LogEntry, Labels } from '@clymene/model'
import { formatRfc3339, formatStreamLabels } from '@clymene/wire'

/**
 * An entry as dry runs print it, `time TAB labels TAB line` as the original does, without its colours and in UTC. Structured metadata stands in
 * braces of its own behind the labels, when there is some. A time that is undefined is a dash.
 */
export function entryText(labels: Labels, entry: Omit<LogEntry, 'timestampNs'> & { readonly timestampNs: bigint | undefined }): string {
  const { timestampNs, line, metadata = [] } = entry
  const time = timestampNs === undefined ? '-' : formatRfc3339(timestampNs)
  const more = metadata.length === 0 ? '' : ` ${formatStreamLabels(metadata)}`
  return `${time}\t${formatStreamLabels(labels)}${more}\t${line}\n`
}
