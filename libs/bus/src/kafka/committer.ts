import type { PartitionOffset } from './internals.ts'
import { kafkaErrorOf } from './produce-failure.ts'

export type CommitterOptions = {
  /** One commit request. @throws kafkajs's errors. */
  readonly send: (offsets: readonly PartitionOffset[]) => Promise<void>
  /** Resolves while the member belongs to a generation, and waits while it joins one. */
  readonly joined: () => Promise<void>
  /** Resolves when partitions are dealt out the next time. */
  readonly nextAssignment: () => Promise<void>
  readonly onOutcome: (outcome: 'done' | 'refused' | 'failed') => void
}

export type Committer = {
  /** @returns true when the broker has it, false when the partition was lost before. */
  readonly commit: (partition: number, next: bigint) => Promise<boolean>
  /** The partition belongs to somebody else now: nothing more is committed for it. */
  readonly lose: (partition: number) => void
}

const RETRY_MS = 250
const REFUSED = new Set(['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'FENCED_INSTANCE_ID'])

const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, RETRY_MS))

type Waiting = { readonly next: bigint; readonly done: (committed: boolean) => void }

/** One request at a time; the partitions that finish meanwhile go together in the next. */
export function createCommitter({ send, joined, nextAssignment, onOutcome }: CommitterOptions): Committer {
  const waiting = new Map<number, Waiting>()
  let running = false

  const run = async (): Promise<void> => {
    if (running) return
    running = true
    while (waiting.size > 0) {
      await joined()
      const taken = [...waiting]
      if (taken.length > 0) await attempt(taken)
    }
    running = false
  }

  const attempt = async (taken: readonly (readonly [number, Waiting])[]): Promise<void> => {
    // Of the time before: partitions may have been dealt out when a refusal arrives.
    const dealtOut = nextAssignment()
    try {
      await send(taken.map(([partition, { next }]) => ({ partition, offset: String(next) })))
      onOutcome('done')
      for (const [partition, one] of taken) {
        if (waiting.get(partition) === one) waiting.delete(partition)
        one.done(true)
      }
    } catch (error) {
      // Refused: the partitions are dealt out anew; what is still ours afterwards is committed then.
      const refused = REFUSED.has(kafkaErrorOf(error).type)
      onOutcome(refused ? 'refused' : 'failed')
      await (refused ? dealtOut : later())
    }
  }

  return {
    commit: (partition, next) =>
      new Promise((resolve) => {
        // A later commit of the same partition says more than one that waits.
        const earlier = waiting.get(partition)
        const done = (committed: boolean): void => {
          earlier?.done(committed)
          resolve(committed)
        }
        waiting.set(partition, { next, done })
        void run()
      }),
    lose: (partition) => {
      waiting.get(partition)?.done(false)
      waiting.delete(partition)
    },
  }
}
