import type { Labels } from './labels.ts'

/** What can be collected and delivered. Each kind has a topic, a wire format and storages that take it. */
export type Kind = 'metrics' | 'logs'
export const KINDS: readonly Kind[] = ['metrics', 'logs']

export type Sample = {
  /** Milliseconds since the epoch. */
  readonly timestampMs: number
  readonly value: number
}

export type TimeSeries = {
  readonly labels: Labels
  readonly samples: readonly Sample[]
}

export type LogEntry = {
  /** Nanoseconds since the epoch. */
  readonly timestampNs: bigint
  readonly line: string
  /** Loki's structured metadata; absent when there is none. */
  readonly metadata?: Labels
}

export type LogStream = {
  readonly labels: Labels
  readonly entries: readonly LogEntry[]
}
