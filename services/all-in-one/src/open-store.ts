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

/** The embedded store below `--data.dir`. @throws ConfigError when it is in use, damaged, or smaller than it can be */
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
    const flags = `--data.dir=${JSON.stringify(dataDirectory)} --embedded.max-bytes=${size('embedded.max-bytes')}`
    throw new ConfigError(`${flags}: ${errorMessage(error)}`)
  }
}
