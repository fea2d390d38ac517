import { ConfigError, errorMessage, type Storage } from '@clymene/model'

import { metricsOf } from '../metrics-of.ts'
import { embeddedFlags } from './flags.ts'
import { MIN_BYTES, openEmbeddedStore } from './store.ts'

/** The store of the all-in-one: SQLite in a directory of this machine. */
export const embeddedStorage: Storage<typeof embeddedFlags> = {
  name: 'embedded',
  help: 'Samples and log lines in a file of this machine, bounded by size and age; what the all-in-one uses',
  kinds: ['metrics', 'logs'],
  flags: embeddedFlags,
  open: async ({ flags, logger, metrics }) => {
    const maxBytes = flags['embedded.max-bytes']
    const maxAgeMs = flags['embedded.max-age']
    const mistakes = [
      ...(maxBytes < MIN_BYTES ? [`--embedded.max-bytes: expected at least ${MIN_BYTES / 1024 ** 2}MiB, found ${maxBytes} bytes`] : []),
      ...(maxAgeMs < 60_000 ? [`--embedded.max-age: expected at least 1m, found ${maxAgeMs} ms`] : []),
    ]
    if (mistakes.length > 0) throw new ConfigError(mistakes)
    try {
      return await openEmbeddedStore({
        directory: flags['embedded.dir'],
        maxBytes,
        maxAgeMs,
        maxSeries: flags['embedded.max-series'],
        maxStreams: flags['embedded.max-streams'],
        logger,
        metrics: metricsOf({ metrics }),
      })
    } catch (error) {
      throw new ConfigError(`--embedded.dir: ${errorMessage(error)}`)
    }
  },
}
