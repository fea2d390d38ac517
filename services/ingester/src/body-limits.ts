import type { FlagValues } from '@clymene/model'
import type { BodyLimits } from '@clymene/storages'

import type { bodyFlags } from './flags.ts'

/** The limits that were given; 0 leaves that of the kind. */
export function bodyLimits(values: FlagValues<typeof bodyFlags>): Partial<BodyLimits> {
  const given: Readonly<Record<keyof BodyLimits, number>> = {
    maxBodyBytes: values['ingester.body-max-bytes'],
    maxBodyUncompressedBytes: values['ingester.body-max-uncompressed-bytes'],
    maxBodyRecords: values['ingester.body-max-records'],
    maxDecompressedBytes: values['ingester.message-max-uncompressed-bytes'],
  }
  return Object.fromEntries(Object.entries(given).filter(([, limit]) => limit > 0))
}
