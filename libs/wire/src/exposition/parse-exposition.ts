import type { ExpositionFormat } from './format.ts'
import { parseOpenMetrics } from './parse-openmetrics.ts'
import { parseText } from './parse-text.ts'
import type { ExpositionVisitor } from './visitor.ts'

/**
 * Reads a page and hands over what it holds, in its order, as offsets into `body`: nothing is allocated per sample.
 * Accepts and refuses what Prometheus 3 accepts and refuses.
 *
 * @throws ExpositionError with line and column. What was handed over before is then to be forgotten.
 */
export function parseExposition(body: Buffer, format: ExpositionFormat, visit: ExpositionVisitor): void {
  if (format === 'openmetrics') parseOpenMetrics(body, visit)
  else parseText(body, visit)
}
