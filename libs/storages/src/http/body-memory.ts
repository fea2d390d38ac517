/** Memory of bodies that is used again, instead of being given to the collector. */
export type BodyMemory = {
  /** At least so many bytes; what they hold is undefined. */
  readonly take: (bytes: number) => Buffer
  /** Whoever gives it back, or a view of its beginning, has no other view of it, nor has a socket. What is never given back is the collector's. */
  readonly giveBack: (body: Buffer) => void
}

/** What is kept between two writes: the bodies of as many partitions as write at once in a usual ingester. */
const MAX_KEPT_BYTES = 16 << 20
/** Sizes go up by this, so that what is kept fits the next body. */
const STEP = 256 << 10
/** Smaller ones are cheap. */
const MIN_KEPT_BYTES = 16 << 10

export function createBodyMemory(): BodyMemory {
  /** By size, the smallest first. */
  let kept: ArrayBufferLike[] = []
  let keptBytes = 0
  const ours = new WeakSet<ArrayBufferLike>()
  return {
    take: (bytes) => {
      if (bytes < MIN_KEPT_BYTES) return Buffer.allocUnsafe(bytes)
      const index = kept.findIndex(({ byteLength }) => byteLength >= bytes)
      const [found] = index < 0 ? [] : kept.splice(index, 1)
      if (found !== undefined) {
        keptBytes -= found.byteLength
        return Buffer.from(found)
      }
      const { buffer } = Buffer.allocUnsafeSlow(Math.ceil(bytes / STEP) * STEP)
      ours.add(buffer)
      return Buffer.from(buffer)
    },
    giveBack: ({ buffer }) => {
      if (!ours.has(buffer)) return
      if (buffer.byteLength > MAX_KEPT_BYTES) return
      kept = [...kept, buffer].toSorted((a, b) => a.byteLength - b.byteLength)
      keptBytes += buffer.byteLength
      // Large ones serve small bodies too.
      while (keptBytes > MAX_KEPT_BYTES) keptBytes -= kept.shift()!.byteLength
    },
  }
}
