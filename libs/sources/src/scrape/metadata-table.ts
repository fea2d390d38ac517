import type { MetricType, WriteRequestWriter } from '@clymene/wire'

import type { FamilyMetadata } from './scrape-view.ts'

/** What some target says about a family, shared by all targets that say the same. */
export type SharedFamily = FamilyMetadata & {
  readonly family: string
  sentMs: number
  usedMs: number
}

export type MetadataTable = {
  /** The shared form, or undefined when the table is full: it is counted then. */
  readonly share: (family: string, type: MetricType, help: string, unit: string, nowMs: number) => SharedFamily | undefined
  /** Writes those that are new, or were sent longer ago than the interval. */
  readonly write: (families: Iterable<SharedFamily>, nowMs: number, writer: WriteRequestWriter) => void
  /** 0: metadata is never sent, only shown. */
  readonly intervalMs: number
}

export type MetadataTableOptions = {
  readonly intervalMs: number
  readonly mostFamilies?: number
  readonly mostCharacters?: number
  /** Called for what has no room. */
  readonly leaveOut?: () => void
}

const MOST_FAMILIES = 50_000
const MOST_CHARACTERS = 16 * 1024 * 1024
/** What no target has said for so many intervals makes room for others. */
const UNUSED_INTERVALS = 10

/** A family is sent once for all targets that say the same about it, when it is new and then once an interval. */
export function createMetadataTable({
  intervalMs,
  mostFamilies = MOST_FAMILIES,
  mostCharacters = MOST_CHARACTERS,
  leaveOut = () => undefined,
}: MetadataTableOptions): MetadataTable {
  const families = new Map<string, SharedFamily>()
  let characters = 0
  let sweptMs = -Infinity
  const lifetimeMs = UNUSED_INTERVALS * (intervalMs || 60_000)

  const sizeOf = ({ family, help, unit }: SharedFamily): number => family.length + help.length + unit.length

  /** Once an interval at most: a table that stays full is not searched for every family. */
  function sweep(nowMs: number): void {
    // Also when the clock was put back by more than that.
    if (Math.abs(nowMs - sweptMs) < lifetimeMs / UNUSED_INTERVALS) return
    sweptMs = nowMs
    for (const [key, one] of families) {
      if (nowMs - one.usedMs <= lifetimeMs) continue
      families.delete(key)
      characters -= sizeOf(one)
    }
  }

  return {
    intervalMs,
    share: (family, type, help, unit, nowMs) => {
      const key = JSON.stringify([family, type, help, unit])
      const known = families.get(key)
      if (known !== undefined) {
        known.usedMs = nowMs
        return known
      }
      const one: SharedFamily = { family, type, help, unit, sentMs: -Infinity, usedMs: nowMs }
      const isFull = (): boolean => families.size >= mostFamilies || characters + sizeOf(one) > mostCharacters
      if (isFull()) sweep(nowMs)
      if (isFull()) {
        leaveOut()
        return undefined
      }
      families.set(key, one)
      characters += sizeOf(one)
      return one
    },
    write: (said, nowMs, writer) => {
      for (const one of said) {
        one.usedMs = nowMs
        if (intervalMs === 0) continue
        // A clock that was set back does not silence a family.
        if (nowMs - one.sentMs < intervalMs && nowMs >= one.sentMs) continue
        one.sentMs = nowMs
        writer.appendMetadata(one.type, one.family, one.help, one.unit)
      }
    },
  }
}
