import { checkEmbeddedBus } from '@clymene/bus'
import type { FlagValues } from '@clymene/model'

import type { bufferFlags } from './flags.ts'

type Bounds = Pick<FlagValues<typeof bufferFlags>, 'buffer.max-bytes' | 'buffer.max-age' | 'buffer.full' | 'buffer.fsync-interval'>

/** The flags as options of the log that is the buffer. */
export const bufferSettings = (values: Bounds) =>
  ({
    maxBytes: values['buffer.max-bytes'],
    maxAgeMs: values['buffer.max-age'],
    full: values['buffer.full'],
    fsyncIntervalMs: values['buffer.fsync-interval'],
  }) as const

/** Before a buffer is opened. @throws ConfigError with every bound that it would be refused for */
export const checkBuffer = (values: Bounds): void => checkEmbeddedBus({ component: 'buffer', ...bufferSettings(values) })
