import type { Signal } from '@preact/signals'

import type { Line } from './api.ts'
import { levelOf } from './level.ts'

export type LogsProps = { readonly lines: readonly Line[] | undefined; readonly filter: Signal<string>; readonly error: string | undefined }

/** The newest lines, newest first, with a filter on their text. */
export function Logs({ lines, filter, error }: LogsProps) {
  return (
    <section class="logs" aria-label="Logs">
      <header>
        <h2>Newest log lines</h2>
        <input
          type="search"
          placeholder="only lines with this text"
          aria-label="Filter"
          value={filter.value}
          onInput={(event) => {
            filter.value = event.currentTarget.value
          }}
        />
      </header>
      {error !== undefined && <p class="bad">{error}</p>}
      {lines === undefined && error === undefined && <p class="empty">Waiting for the first lines …</p>}
      {lines?.length === 0 && <p class="empty">{filter.value === '' ? 'No line yet.' : `No line has “${filter.value}”.`}</p>}
      <ol>
        {lines?.map((line) => (
          <li key={line.cursor} class={levelOf(line.line)}>
            <time title={new Date(line.timestampMs).toISOString()}>{timeOf(line.timestampMs)}</time>
            <span class="origin" title={labelsOf(line)}>
              {line.labels['pod'] ?? line.labels['filename']?.split('/').pop() ?? line.labels['job'] ?? ''}
            </span>
            <code>{marked(line.line, filter.value)}</code>
          </li>
        ))}
      </ol>
    </section>
  )
}

/** The time of day; with the date when it is not today's. */
function timeOf(timestampMs: number): string {
  const at = new Date(timestampMs)
  const time = at.toLocaleTimeString('en-GB')
  return at.toDateString() === new Date().toDateString() ? time : `${at.toLocaleDateString('en-CA').slice(5)} ${time}`
}

const labelsOf = ({ labels }: Line): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')

/** The line with what was searched for marked in it. */
function marked(line: string, text: string) {
  const lower = line.toLowerCase()
  const at = text === '' ? -1 : lower.indexOf(text.toLowerCase())
  // Some letters change their length with their case: then the places in `lower` are not those in the line.
  if (at < 0 || lower.length !== line.length) return line
  return (
    <>
      {line.slice(0, at)}
      <mark>{line.slice(at, at + text.length)}</mark>
      {line.slice(at + text.length)}
    </>
  )
}
