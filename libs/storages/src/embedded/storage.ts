import { ConfigError, errorMessage, type FlagValues, type Storage } from '@clymene/model'

import { refuse } from '../flag-mistakes.ts'
import { metricsOf } from '../metrics-of.ts'
import { embeddedFlags } from './flags.ts'
import { MIN_BYTES, openEmbeddedStore } from './store.ts'

const mistakesOf = (flags: FlagValues<typeof embeddedFlags>): readonly string[] => {
  const maxBytes = flags['embedded.max-bytes']
  const maxAgeMs = flags['embedded.max-age']
  return [
    ...(maxBytes < MIN_BYTES ? [`--embedded.max-bytes: expected at least ${MIN_BYTES / 1024 ** 2}MiB, found ${maxBytes} bytes`] : []),
    ...(maxAgeMs < 60_000 ? [`--embedded.max-age: expected at least 1m, found ${maxAgeMs} ms`] : []),
  ]
}

/** The store of the all-in-one: SQLite in a directory of this machine. */
export const embeddedStorage: Storage<typeof embeddedFlags> = {
  name: 'embedded',
  help: 'Samples and log lines in a file of this machine, bounded by size and age; what the all-in-one uses',
  kinds: ['metrics', 'logs'],
  flags: embeddedFlags,
  mistakesOf,
  open: async ({ flags, logger, metrics }) => {
    refuse(mistakesOf(flags))
    try {
      return await openEmbeddedStore({
        directory: flags['embedded.dir'],
        maxBytes: flags['embedded.max-bytes'],
        maxAgeMs: flags['embedded.max-age'],
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
