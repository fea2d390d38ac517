import { parseStages, type StageConfig } from '@clymene/stages'

import type { ReadlineRate } from './options.ts'

/**
 * A stage behind the others: lets as many lines of all files together through as the rate has room for, of those that come out of them. The rest waits in
 * the files, or is passed over and counted. Whoever inspects is not told of it.
 */
export function createLineRate(
  { linesPerSecond, burst, drop }: ReadlineRate,
  metrics: { readonly rateDroppedLines: { readonly inc: (more: number) => void } },
): readonly StageConfig[] {
  return parseStages([{ limit: { rate: linesPerSecond, burst, drop } }], 'limits_config').map((limit) => ({
    name: 'readline_rate',
    tellsItself: true,
    start: (pass, context) => limit.start(pass, { ...context, dropped: (_, lines) => metrics.rateDroppedLines.inc(lines) }),
  }))
}
