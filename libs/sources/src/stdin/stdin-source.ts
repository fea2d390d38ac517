import type { Emit, Labels, Source } from '@clymene/model'
import { isAbort, type Metrics } from '@clymene/runtime'
import { createLabelSet, type StageConfig } from '@clymene/stages'

import { createCutLines, type OnCut } from '../files/cut-lines.ts'
import type { EntrySourceOptions } from '../lines/entry-source-options.ts'
import type { EntryWriter } from '../lines/entry-writer.ts'
import { createPieceTexts } from '../lines/line-pieces.ts'
import { createReadClock } from '../lines/read-clock.ts'
import { writeEntries } from '../lines/write-entries.ts'
import type { LineInput } from './line-input.ts'

export type StdinJob = {
  readonly name: string
  /** Equal for jobs that are configured alike: a reload leaves them alone. */
  readonly fingerprint: string
  readonly pipeline: readonly StageConfig[]
  readonly labels: Labels
}

export type StdinSourceOptions = EntrySourceOptions & {
  readonly job: StdinJob
  /** Its lines are cut at `maxLineBytes`. */
  readonly input: LineInput
}

/**
 * Lines of standard input, as Promtail reads them: empty ones are passed over. Resolves at their end, when all are acknowledged. What was read
 * cannot be read again: a stop hands it over, and what the buffer does not take within its time is lost and told.
 */
export function createStdinSource(options: StdinSourceOptions): Source {
  const { job, input, metrics, logger, maxLineBytes, longLines, now = Date.now } = options
  const counters = createStdinMetrics(metrics)
  const labels = createLabelSet([...options.externalLabels, ...job.labels])
  let unanswered = 0

  const noticeCut = createCutLines({ maxLineBytes, longLines, logger })('standard input')
  const onCut: OnCut = (...cut) => {
    counters.cutLines.inc()
    noticeCut(...cut)
  }
  const copy = async (write: EntryWriter['write'], end: AbortSignal): Promise<void> => {
    const clock = createReadClock(now)
    const textOf = createPieceTexts(longLines, onCut)
    for (;;) {
      const pieces = await input.next(end)
      if (pieces === undefined) return
      clock.sync()
      for (const piece of pieces) {
        if (piece.begins) counters.lines.inc()
        const text = piece.begins && piece.ends && piece.bytes.length === 0 ? undefined : textOf(piece)
        if (text === undefined) continue
        clock.tick()
        unanswered++
        await write({ labels, timestampNs: clock.ns(), ...text }, () => unanswered--)
      }
    }
  }
  return {
    run: async (emit: Emit, signal) => {
      const common = { ...options, stages: job.pipeline, stream: 'stdin', what: 'lines of standard input', onCut, now }
      const refused = (lines: number): void => counters.refused.inc(lines)
      try {
        await writeEntries({ ...common, refused }, emit, signal, async (write, end) => {
          try {
            await copy(write, end)
          } catch (error) {
            if (!isAbort(error, end)) throw error
          }
        })
      } finally {
        if (unanswered > 0) logger.error('lines of standard input are lost: the buffer did not take them', { lines: unanswered })
        unanswered = 0
      }
    },
  }
}

const createStdinMetrics = (metrics: Metrics) => ({
  lines: metrics.counter('clymene_agent_stdin_lines_total', 'Lines read from standard input'),
  cutLines: metrics.counter('clymene_agent_stdin_long_lines_total', 'Lines of standard input that were longer than the limit'),
  refused: metrics.counter('clymene_agent_stdin_refused_lines_total', 'Lines of standard input that the buffer refused for good'),
})
