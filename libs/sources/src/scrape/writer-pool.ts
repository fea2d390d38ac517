import { createWriteRequestWriter, type WriteRequestWriter } from '@clymene/wire'

export type WriterPool = {
  /** Hands out an empty writer and takes it back when `use` has ended. */
  readonly borrow: <T>(use: (writer: WriteRequestWriter) => Promise<T>) => Promise<T>
}

/** Buffers of write requests are as large as a page: so many as are written at the same time are enough for all targets. */
export function createWriterPool(keep = 8): WriterPool {
  const free: WriteRequestWriter[] = []
  return {
    borrow: async (use) => {
      const writer = free.pop() ?? createWriteRequestWriter()
      writer.reset()
      try {
        return await use(writer)
      } finally {
        if (free.length < keep) free.push(writer)
      }
    },
  }
}
