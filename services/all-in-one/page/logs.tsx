import type { Signal } from '@preact/signals'

import type { Line } from './api.ts'

export type LogsProps = { readonly lines: readonly Line[] | undefined; readonly filter: Signal<string>; readonly error: string | undefined }

/** The newest lines, newest first, with a filter on their text. */
export function Logs({ lines, filter, error }: LogsProps) {
  return (
    <section class="logs" aria-label="Logs">
      <header>
        <h2>Newest log lines</h2>
        <input
          type="search"
          placeholder="text in the line"
          aria-label="Filter"
          value={filter.value}
          onInput={(event) => {
            filter.value = event.currentTarget.value
          }}
        />
      </header>
      {error !== undefined && <p class="bad">{error}</p>}
      {lines !== undefined && lines.length === 0 && <p class="empty">No line{filter.value === '' ? ' yet' : ` has “${filter.value}”`}.</p>}
      <ol>
        {lines?.map((line) => (
          <li key={`${line.timestampMs} ${line.labels['filename'] ?? ''} ${line.line}`} class={levelOf(line.line)}>
            <time>{new Date(line.timestampMs).toLocaleTimeString('en-GB')}</time>
            <span
              class="origin"
              title={Object.entries(line.labels)
                .map(([name, value]) => `${name}=${value}`)
                .join('\n')}
            >
              {line.labels['pod'] ?? line.labels['filename']?.split('/').pop() ?? line.labels['job'] ?? ''}
            </span>
            <code>{line.line}</code>
          </li>
        ))}
      </ol>
    </section>
  )
}

const levelOf = (line: string): string =>
  /\b(error|fatal|panic|exception)\b/i.test(line) ? 'error' : /\bwarn(ing)?\b/i.test(line) ? 'warning' : ''
