import { join } from 'node:path'

import { ConfigError, errorMessage, type FlagSet, type FlagValues, type Logger } from '@clymene/model'
import type { Metrics } from '@clymene/runtime'
import { openEmbeddedStore, type EmbeddedStore } from '@clymene/storages'

export type OpenStoreOptions = {
  readonly dataDirectory: string
  readonly storageValues: FlagValues<FlagSet>
  readonly metrics: Metrics
  readonly logger: Logger
}

/** The embedded store below `--data.dir`. @throws ConfigError when it is in use, damaged, or not to be written */
export async function openStore({ dataDirectory, storageValues, metrics, logger }: OpenStoreOptions): Promise<EmbeddedStore> {
  const size = (name: string): number => Number(storageValues[name])
  try {
    return await openEmbeddedStore({
      directory: join(dataDirectory, 'store'),
      maxBytes: size('embedded.max-bytes'),
      maxAgeMs: size('embedded.max-age'),
      maxSeries: size('embedded.max-series'),
      maxStreams: size('embedded.max-streams'),
      logger,
      metrics,
    })
  } catch (error) {
    // The sizes were checked with the flags: what is left is about the directory.
    throw new ConfigError(`--data.dir=${JSON.stringify(dataDirectory)}: ${errorMessage(error)}`)
  }
}
