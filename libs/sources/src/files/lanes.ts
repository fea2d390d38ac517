import { hash } from 'node:crypto'

import type { Emit } from '@clymene/model'

import { createLane, type Lane } from '../lines/lane.ts'
import { createOffendedLabels } from '../lines/offended-labels.ts'
import type { FileSourceSettings } from './options.ts'

/** The agent streams that files are divided over. */
export type Lanes = {
  readonly all: readonly Lane[]
  /** Files keep their lane over restarts and rotations: it goes by the hash of the path. */
  readonly of: (path: string) => Lane
  /** The last batches, within the patience of a stop. False when it ended before they were acknowledged. @throws what emit rejected with */
  readonly handOver: () => Promise<boolean>
  /** Ends what is on its way. */
  readonly close: () => void
}

export function createLanes(settings: FileSourceSettings, emit: Emit, onSettled: (error: unknown) => void): Lanes {
  const drain = new AbortController()
  const offended = settings.countsLines ? createOffendedLabels({ ...settings, now: settings.steadyNow }) : () => undefined
  const all = Array.from({ length: settings.streams }, (_, index) =>
    createLane({ ...settings, now: settings.steadyNow, stream: String(index), offended, emit, signal: drain.signal, onSettled }),
  )
  return {
    all,
    of: (path) => {
      const lane = all[Number.parseInt(hash('sha1', path).slice(0, 8), 16) % all.length]
      if (lane === undefined) throw new RangeError('a file source needs at least one stream')
      return lane
    },
    handOver: async () => {
      const timer = setTimeout(() => drain.abort(), settings.stopWaitMs)
      try {
        for (const lane of all) await lane.settled()
        for (const lane of all) lane.dispatch(undefined)
        for (const lane of all) await lane.settled()
        return true
      } catch (error) {
        if (!drain.signal.aborted) throw error
        return false
      } finally {
        clearTimeout(timer)
      }
    },
    close: () => drain.abort(),
  }
}
