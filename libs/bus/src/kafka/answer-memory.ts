/** An answer to a fetch in memory that is used again. */
export type Answer = {
  /** Nobody looks at any byte of it any more. What is never given back is the collector's; a second call does nothing. */
  readonly giveBack: () => void
}

/** Memory of the answers of one client's connections. */
export type AnswerMemory = {
  readonly take: (bytes: number) => Buffer
  /** The answer that a value is a view of; undefined when it is in other memory: of a small answer, or unpacked from it. */
  readonly answerOf: (value: Buffer | null | undefined) => Answer | undefined
}

/** Smaller ones are cheap. */
const MIN_BYTES = 64 << 10
/** What brokers of a usual cluster send at once. */
const MAX_KEPT_BYTES = 16 << 20

/** @param onFree told of memory that is free. */
export function createAnswerMemory(onFree?: (memory: Buffer) => void): AnswerMemory {
  const answers = new WeakMap<ArrayBufferLike, Answer>()
  let kept: Buffer[] = []
  let keptBytes = 0

  const giveBack = (memory: Buffer): void => {
    onFree?.(memory)
    if (memory.length > MAX_KEPT_BYTES) return
    kept.push(memory)
    keptBytes += memory.length
    while (keptBytes > MAX_KEPT_BYTES) keptBytes -= kept.shift()!.length
  }

  /** What is too small for the answers of now is not kept. */
  const find = (bytes: number): Buffer | undefined => {
    const found = kept.find(({ length }) => length >= bytes)
    kept = found === undefined ? [] : kept.filter((one) => one !== found)
    keptBytes = kept.reduce((sum, { length }) => sum + length, 0)
    return found
  }

  return {
    take: (bytes) => {
      if (bytes < MIN_BYTES) return Buffer.allocUnsafeSlow(bytes)
      // A quarter more than is needed, as answers are of about one size.
      const memory = find(bytes) ?? Buffer.allocUnsafeSlow(bytes + (bytes >> 2))
      let isOver = false
      answers.set(memory.buffer, {
        giveBack: () => {
          if (isOver) return
          isOver = true
          giveBack(memory)
        },
      })
      return memory.subarray(0, bytes)
    },
    answerOf: (value) => (value === null || value === undefined ? undefined : answers.get(value.buffer)),
  }
}
