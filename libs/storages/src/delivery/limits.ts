/** How large one body may become. A message that is larger on its own travels alone. */
export type BodyLimits = {
  /** Compressed bytes. */
  readonly maxBodyBytes: number
  /** Bytes after decompression: what the storage has to hold. */
  readonly maxBodyUncompressedBytes: number
  /** Samples or entries. */
  readonly maxBodyRecords: number
  /** A message that decompresses to more is not even looked at: a dead letter. */
  readonly maxDecompressedBytes: number
}

/** Loki passes a body on by gRPC with a limit of 4 MiB, and answers 500 beyond: its bodies stay below. */
export const DEFAULT_LIMITS: { readonly metrics: BodyLimits; readonly logs: BodyLimits } = {
  metrics: {
    maxBodyBytes: 4 * 1024 * 1024,
    maxBodyUncompressedBytes: 24 * 1024 * 1024,
    maxBodyRecords: 50_000,
    maxDecompressedBytes: 64 * 1024 * 1024,
  },
  logs: {
    maxBodyBytes: 3 * 1024 * 1024,
    maxBodyUncompressedBytes: 3 * 1024 * 1024,
    maxBodyRecords: 50_000,
    maxDecompressedBytes: 64 * 1024 * 1024,
  },
}

export type BodySize = { readonly bytes: number; readonly uncompressedBytes: number; readonly records: number }

/** Room for what belongs to one body: `take` says whether the next one still fits, the first always does. */
export function createRoom(limits: BodyLimits): { readonly take: (size: BodySize) => boolean } {
  let isEmpty = true
  let bytes = 0
  let uncompressedBytes = 0
  let records = 0
  return {
    take: (size) => {
      const fits =
        bytes + size.bytes <= limits.maxBodyBytes &&
        uncompressedBytes + size.uncompressedBytes <= limits.maxBodyUncompressedBytes &&
        records + size.records <= limits.maxBodyRecords
      if (!fits && !isEmpty) return false
      isEmpty = false
      bytes += size.bytes
      uncompressedBytes += size.uncompressedBytes
      records += size.records
      return true
    },
  }
}
