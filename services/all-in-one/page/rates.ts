import type { Flow, Hop } from './api.ts'

/** Looks of the last while, oldest first; never empty. */
export type FlowHistory = readonly [Flow, ...Flow[]]

/** Sources hand over every few seconds: over less than this a rate would jump between nothing and several times the truth. */
const RATE_OVER_MS = 15_000

/** Adds a look; forgets what is too old for a rate, and everything from before the service was started anew. */
export function remember(history: FlowHistory | undefined, flow: Flow): FlowHistory {
  const known = (history ?? []).filter(
    ({ startedMs, timestampMs }) =>
      startedMs === flow.startedMs && timestampMs < flow.timestampMs && timestampMs >= flow.timestampMs - RATE_OVER_MS,
  )
  const [first, ...rest] = known
  return first === undefined ? [flow] : [first, ...rest, flow]
}

export type HopRates = {
  readonly samplesPerSecond: number
  readonly linesPerSecond: number
  /** Errors that came during the time of the rate. */
  readonly newErrors: number
}

/** What passed a hop over the time of the history; undefined after the first look. */
export function ratesOf(history: FlowHistory, name: string): HopRates | undefined {
  const oldest = history[0]
  const newest = history.at(-1) ?? oldest
  const seconds = (newest.timestampMs - oldest.timestampMs) / 1000
  const before = hopOf(oldest, name)
  const after = hopOf(newest, name)
  if (seconds <= 0 || before === undefined || after === undefined) return undefined
  return {
    samplesPerSecond: Math.max(0, after.metrics - before.metrics) / seconds,
    linesPerSecond: Math.max(0, after.logs - before.logs) / seconds,
    newErrors: Math.max(0, after.errors - before.errors),
  }
}

const hopOf = ({ hops }: Flow, name: string): Hop | undefined => hops.find((hop) => hop.name === name)

export type HopState = 'ok' | 'warn' | 'down'

/** Messages that may wait without anybody having to look: some seconds of a busy machine. */
const LAG_IS_NORMAL_TO = 1000

export const stateOf = (hop: Hop, rates: HopRates | undefined): HopState =>
  !hop.ready ? 'down' : (rates?.newErrors ?? 0) > 0 || (hop.lag ?? 0) > LAG_IS_NORMAL_TO ? 'warn' : 'ok'
