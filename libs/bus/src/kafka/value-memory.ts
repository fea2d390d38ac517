import type { BusRecord } from '@clymene/model'

export type OwnedRecords = {
  readonly records: readonly BusRecord[]
  /** Of their values. */
  readonly bytes: number
  /** Whoever calls it, once, has no view of the values any more. When nobody does the memory is the collector's. */
  readonly release: () => void
}

/** Where the values of messages wait: memory that is used again, instead of being given to the collector. */
export type ValueMemory = {
  /**
   * Copies the values behind those that came before for the same queue (0.1 ms a MiB).
   *
   * @param queue stands for one partition; values of several do not share memory, so none holds up what others have released.
   */
  readonly own: (queue: object, records: readonly BusRecord[]) => OwnedRecords
}

export type ValueMemoryOptions = {
  /** Bytes of slabs that are kept for later while nobody uses them. */
  readonly maxKeptBytes: number
  /** Bytes that one queue may hold now: its slabs are a part of that, so that one which is hardly used costs little. */
  readonly share: () => number
  /** Told of memory that is free. */
  readonly onFree?: (memory: Buffer) => void
}

/** Filled from its start to its end; begun anew when everything in it is released. */
type Slab = { readonly bytes: Buffer; used: number; holders: number }

const SLABS_OF_A_SHARE = 8
const MIN_SLAB_BYTES = 16 << 10
/** What a fetch brings of one partition. */
const MAX_SLAB_BYTES = 1 << 20

export function createValueMemory({ maxKeptBytes, share, onFree }: ValueMemoryOptions): ValueMemory {
  /** The slab that a queue is filling. */
  const filling = new WeakMap<object, Slab>()
  let kept: Slab[] = []
  let slabBytes = 0

  const resize = (): void => {
    const wanted = Math.min(Math.max(share() / SLABS_OF_A_SHARE, MIN_SLAB_BYTES), MAX_SLAB_BYTES)
    const bytes = 2 ** Math.floor(Math.log2(wanted))
    if (bytes === slabBytes) return
    slabBytes = bytes
    kept = []
  }

  const newSlab = (): Slab => kept.pop() ?? { bytes: Buffer.allocUnsafeSlow(slabBytes), used: 0, holders: 0 }

  const letGo = (queue: object, slab: Slab): void => {
    slab.holders--
    if (slab.holders > 0) return
    if (filling.get(queue) === slab) filling.delete(queue)
    slab.used = 0
    onFree?.(slab.bytes)
    if (slab.bytes.length === slabBytes && (kept.length + 1) * slabBytes <= maxKeptBytes) kept.push(slab)
  }

  return {
    own: (queue, records) => {
      resize()
      const slabs = new Set<Slab>()
      let bytes = 0
      const owned = records.map((record): BusRecord => {
        const { value } = record
        bytes += value.length
        // One that leaves half a slab empty, or does not fit at all, gets memory of its own.
        if (value.length > slabBytes / 2) return { ...record, value: copyOf(value) }
        let slab = filling.get(queue)
        if (slab === undefined || slab.used + value.length > slab.bytes.length) {
          slab = newSlab()
          filling.set(queue, slab)
        }
        if (!slabs.has(slab)) slab.holders++
        slabs.add(slab)
        const start = slab.used
        slab.used += value.copy(slab.bytes, start)
        return { ...record, value: slab.bytes.subarray(start, slab.used) }
      })
      return { records: owned, bytes, release: () => slabs.forEach((slab) => letGo(queue, slab)) }
    },
  }
}

function copyOf(value: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(value.length)
  value.copy(copy)
  return copy
}
