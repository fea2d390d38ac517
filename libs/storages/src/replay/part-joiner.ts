import type { BusRecord } from '@clymene/model'

import { readPart } from '../delivery/letter-headers.ts'

export type PartJoiner = {
  /** Takes the next message of the topic: itself, the whole that it completes, or undefined while parts are missing. */
  readonly take: (record: BusRecord) => Joined | undefined
  /** Letters of which parts are missing for good: left by an attempt that failed, or deleted by retention. */
  readonly incomplete: () => number
}

export type Joined = { readonly record: BusRecord; readonly parts: number }

/** Writers that are in the middle of a letter at the same moment; more than these are given up, oldest first. */
const MAX_OPEN = 64
const MAX_OPEN_BYTES = 256 * 1024 * 1024
/** Whole letters of which a part may come once more, as its answer was lost. */
const MAX_DONE = 1000

/** Joins the parts that a letter was written in, where the last of them stands. A part that comes twice counts once. */
export function createPartJoiner(): PartJoiner {
  const open = new Map<string, Map<number, BusRecord>>()
  const done = new Set<string>()
  let bytes = 0
  let abandoned = 0

  const close = (name: string): readonly BusRecord[] => {
    const parts = [...(open.get(name) ?? [])].toSorted(([a], [b]) => a - b).map(([, part]) => part)
    open.delete(name)
    bytes -= bytesOf(parts)
    return parts
  }

  return {
    take: (record) => {
      const part = readPart(record.extra)
      if (part === undefined) return { record, parts: 1 }
      if (part.id === '' || part.number < 1 || part.number > part.count) {
        abandoned++
        return undefined
      }
      const name = `${part.id} ${part.count}`
      if (done.has(name)) return undefined
      const parts = open.get(name) ?? new Map<number, BusRecord>()
      open.set(name, parts)
      if (!parts.has(part.number)) {
        parts.set(part.number, record)
        bytes += record.value.length
      }
      if (parts.size === part.count) {
        const all = close(name)
        done.add(name)
        for (const oldest of done) {
          if (done.size <= MAX_DONE) break
          done.delete(oldest)
        }
        return { record: { ...record, value: Buffer.concat(all.map(({ value }) => value)) }, parts: part.count }
      }
      for (const oldest of open.keys()) {
        if (open.size <= MAX_OPEN && bytes <= MAX_OPEN_BYTES) break
        close(oldest)
        abandoned++
      }
      return undefined
    },
    incomplete: () => abandoned + open.size,
  }
}

const bytesOf = (parts: readonly BusRecord[]): number => parts.reduce((sum, { value }) => sum + value.length, 0)
