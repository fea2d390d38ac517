import { errorMessage, type Logger } from '@clymene/model'
import { createOnceIn } from '@clymene/runtime'

import type { Term } from './election.ts'
import type { EventMetrics } from './event-metrics.ts'
import type { EventsReached } from './event-news.ts'
import { savePosition } from './position-file.ts'
import { positionText, type EventPosition } from './position.ts'
import type { Termination } from './read-terminations.ts'
import { createTerminationsTold, type TerminationsTold } from './termination-news.ts'

/** How far this term is acknowledged; every step is written to the disk and handed on. */
export type PositionKeeper = {
  readonly reachedBy: (watch: string) => EventsReached
  readonly reached: (watch: string, reached: EventsReached) => void
  readonly told: Pick<TerminationsTold, 'has'>
  readonly toldOf: (termination: Termination) => void
  /** Resolves when everything is written, or could not be. */
  readonly settled: () => Promise<void>
}

export type PositionKeeperOptions = {
  readonly path: string
  readonly id: string
  /** Where to begin; undefined is the very first time. */
  readonly position: EventPosition | undefined
  /** Ends of containers before it are not told at the first time that pods are watched, nanoseconds since the epoch. */
  readonly oldestNs: bigint
  readonly handOn: Term['handOn']
  readonly metrics: Pick<EventMetrics, 'positionFailed'>
  readonly logger: Logger
}

const NOTHING: EventsReached = { version: '', newestNs: 0n }

export function createPositionKeeper({ path, id, position, oldestNs, handOn, metrics, logger }: PositionKeeperOptions): PositionKeeper {
  const watches = new Map(position?.watches)
  const hadTerminations = [...watches.keys()].some((name) => name.startsWith('terminations'))
  const told = createTerminationsTold((hadTerminations ? position?.terminations : undefined) ?? { floorNs: oldestNs - 1n, ended: [] })
  const complain = createOnceIn(60_000)
  let isDirty = false
  let saving: Promise<void> | undefined

  const saveAll = async (): Promise<void> => {
    // What is acknowledged in one go is written in one go.
    await Promise.resolve()
    while (isDirty) {
      isDirty = false
      const text = positionText({ watches, terminations: told.snapshot() })
      try {
        await savePosition(path, { id, position: text })
      } catch (error) {
        metrics.positionFailed()
        complain('', (heldBack) => logger.error('position of events cannot be written', { path, error: errorMessage(error), heldBack }))
      }
      handOn(text)
    }
    saving = undefined
  }
  const changed = (): void => {
    isDirty = true
    saving ??= saveAll()
  }

  return {
    reachedBy: (watch) => watches.get(watch) ?? NOTHING,
    reached: (watch, reached) => {
      watches.set(watch, reached)
      changed()
    },
    told,
    toldOf: (termination) => {
      told.add(termination)
      changed()
    },
    settled: async () => {
      await saving
    },
  }
}
