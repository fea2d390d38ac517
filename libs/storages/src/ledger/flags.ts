import type { FlagSet } from '@clymene/model'
import { flag } from '@clymene/runtime'

/** Of every service that keeps books. */
export const ledgerFlags = {
  'ledger.save-interval': flag.duration(
    '10s',
    'How often the books of what came of each message are saved; after a crash at most so much is read from the bus again to be counted',
    { minMs: 100 },
  ),
  'ledger.max-agents': flag.int(
    10_000,
    'Agents that the books tell apart in one process, eight streams of each; the one that was silent longest makes room, and its counts go on under no name',
    { min: 1 },
  ),
} satisfies FlagSet
