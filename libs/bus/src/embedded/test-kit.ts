import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { PROTOBUF, type Bus, type BusRecord, type Envelope, type LogFields, type Logger } from '@clymene/model'
import { onTestFinished } from 'vitest'

import { openEmbeddedBus, type EmbeddedBus } from './embedded-bus.ts'
import type { EmbeddedBusOptions } from './options.ts'

/** A directory that goes with the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'clymene-bus-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** A bus that does nothing by the clock and is closed with the test. */
export async function openBus(options: EmbeddedBusOptions): Promise<EmbeddedBus> {
  const bus = await openEmbeddedBus({ housekeepingMs: 0, drainMs: 100, maxMessageBytes: 64 * 1024, ...options })
  onTestFinished(() => bus.close())
  return bus
}

/** For `expect.poll`: a busy machine takes its time. */
export const PATIENT = { timeout: 20_000, interval: 5 }

export const never = (): AbortSignal => new AbortController().signal
export const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

/** A message whose value says its number, padded to `bytes`. */
export const message = (sequence: number, bytes = 0, key = 'a'): Envelope => ({
  kind: 'metrics',
  key,
  value: Buffer.from(String(sequence).padEnd(bytes, ' ')),
  headers: { contentType: PROTOBUF, agent: 'agent', epoch: 1, sequence },
})

export const produce = (bus: Bus, topic: string, ...envelopes: readonly Envelope[]): Promise<void> => bus.produce(topic, envelopes, never())

/** Everything that the group has not read; it is committed. */
export async function readRest(bus: Bus, topic: string, group: string): Promise<readonly BusRecord[]> {
  const stop = new AbortController()
  const records: BusRecord[] = []
  const behind = async (): Promise<boolean> => (await bus.lag(topic, group, never())).some(({ committed, end }) => committed < end)
  if (!(await behind())) return []
  const done = bus.consume(topic, group, async (batch) => void records.push(...batch.records), stop.signal)
  while (await behind()) await Promise.race([done, new Promise((resolve) => setImmediate(resolve))])
  stop.abort()
  await done
  return records
}

export const sequencesOf = (records: readonly BusRecord[]): (number | undefined)[] => records.map(({ headers }) => headers.sequence)

export type LogLine = { readonly level: string; readonly message: string; readonly fields: LogFields }

/** A logger that keeps its lines. */
export function recordingLogger(): Logger & { readonly lines: LogLine[] } {
  const lines: LogLine[] = []
  const at =
    (level: string) =>
    (text: string, fields: LogFields = {}): void =>
      void lines.push({ level, message: text, fields })
  const logger: Logger & { readonly lines: LogLine[] } = {
    lines,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => logger,
  }
  return logger
}
