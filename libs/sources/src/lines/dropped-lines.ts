import type { Metrics } from '@clymene/runtime'

/** Reasons that the metric tells apart: a configuration may have many, and be reloaded with others. */
const MAX_REASONS = 100
const OTHER = 'other'

/** Counts the lines that stages take out for good, by the reason that the configuration gives. */
export function createDroppedLines(metrics: Metrics): (reason: string, lines: number) => void {
  const dropped = metrics.counter(
    'clymene_agent_dropped_lines_total',
    'Lines that stages took out, by drop_counter_reason or the stage; of many reasons only the first 100 are named',
    ['reason'],
  )
  const reasons = new Set<string>()
  return (reason, lines) => {
    if (reasons.size < MAX_REASONS) reasons.add(reason)
    dropped.inc({ reason: reasons.has(reason) ? reason : OTHER }, lines)
  }
}
