import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { ExpositionFormat } from '@clymene/wire'

const folder = join(import.meta.dirname, '../golden/exposition/bodies')
const named = (ending: string): Buffer[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .toSorted()
    .map((name) => readFileSync(join(folder, name)))

/** Pages as exporters write them: node-exporter, Prometheus, cAdvisor, kube-state-metrics, OpenMetrics of every type. */
export const BODIES: Readonly<Record<ExpositionFormat, readonly Buffer[]>> = {
  text: named('.txt'),
  openmetrics: [...named('.om'), ...named('.om'), ...named('.om'), ...named('.txt')],
}

export const EOF = Buffer.from('# EOF\n')
