import { errorMessage } from '@clymene/model'
import type { Metrics, Readiness } from '@clymene/runtime'

/** Running totals, since the process started, of one stop on the way of the data. */
export type Hop = {
  readonly name: string
  /** One of the stores at the end of the way. */
  readonly storage: boolean
  readonly ready: boolean
  readonly reasons: readonly string[]
  /** Samples that this hop has handed on and that were acknowledged to it. */
  readonly metrics: number
  /** The same for log lines. */
  readonly logs: number
  readonly errors: number
  /** What is counted as an error here. */
  readonly errorsAre: string
  /** Messages produced and not yet committed by the slowest group; absent where nothing waits, or when it is not known. */
  readonly lag?: number
  /** A line for people. */
  readonly note?: string
}

export type HopSource = Pick<Hop, 'name' | 'storage' | 'errorsAre'> & {
  readonly read: () => Promise<Omit<Hop, 'name' | 'storage' | 'errorsAre'>>
}

/** Asks every hop; one that cannot answer says so and does not hide the others. */
export function readFlow(hops: readonly HopSource[]): Promise<readonly Hop[]> {
  return Promise.all(
    hops.map(async ({ name, storage, errorsAre, read }) => {
      const own = { name, storage, errorsAre }
      try {
        return { ...own, ...(await read()) }
      } catch (error) {
        return { ...own, ready: false, reasons: [errorMessage(error)], metrics: 0, logs: 0, errors: 0 }
      }
    }),
  )
}

export const stateOf = (readiness: Readiness): Pick<Hop, 'ready' | 'reasons'> => {
  const reasons = readiness.reasons()
  return { ready: reasons.length === 0, reasons }
}

/** Sum of a counter's or gauge's series that carry all of `labels`; 0 when nothing was counted yet. */
export async function total({ registry }: Metrics, name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
  const metric = await registry.getSingleMetric(name)?.get()
  return (metric?.values ?? [])
    .filter((value) => Object.entries(labels).every(([label, wanted]) => String(labelOf(value.labels, label)) === wanted))
    .reduce((sum, { value }) => sum + value, 0)
}

const labelOf = (labels: object, name: string): unknown => Object.entries(labels).find(([label]) => label === name)?.[1] ?? ''
