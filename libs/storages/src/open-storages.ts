import { setTimeout as sleep } from 'node:timers/promises'

import {
  ConfigError,
  errorMessage,
  KINDS,
  type FlagSet,
  type FlagValues,
  type Kind,
  type Logger,
  type OpenStorage,
  type Sink,
} from '@clymene/model'
import { isAbort, type Metrics, type Readiness } from '@clymene/runtime'

import type { OnReturn } from './decorators/retrying.ts'
import type { StorageSelection } from './registry.ts'

/** A selected storage's way in for one kind, undecorated. */
export type StorageTarget = { readonly storage: string; readonly sink: Sink; readonly storesParts: boolean; readonly onReturn?: OnReturn }

export type OpenedStorages = {
  /** The targets of each kind that is served. */
  readonly sinks: ReadonlyMap<Kind, readonly StorageTarget[]>
  /** Looks at the storages until the signal aborts; one that is away is a reason on /readyz, and the first look decides the start. */
  readonly watch: (readiness: Readiness, signal: AbortSignal) => Promise<void>
  /** Why one of them is known not to be writable now; undefined when nothing is known against any. */
  readonly unavailable: () => string | undefined
  readonly close: () => Promise<void>
}

export type OpenStoragesOptions = {
  readonly selection: StorageSelection
  readonly values: FlagValues<FlagSet>
  readonly logger: Logger
  readonly version: string
  readonly metrics: Metrics
  /** Storages that somebody opened before, by name: the all-in-one's embedded one, which its page reads too. They are not closed here. */
  readonly opened?: ReadonlyMap<string, OpenStorage>
}

const CHECK_EVERY_MS = 15_000
const CHECK_AWAY_EVERY_MS = 2000
const CHECK_TIMEOUT_MS = 5000

/** Opens what STORAGE_TYPE selects. @throws ConfigError with the mistakes of all of them */
export async function openStorages({
  selection,
  values,
  logger,
  version,
  metrics,
  opened = new Map(),
}: OpenStoragesOptions): Promise<OpenedStorages> {
  const outcomes = await Promise.allSettled(
    selection.selected.map(async ({ name, open, storesParts = false }) => ({
      name,
      storesParts,
      returnHeard: new Set<() => void>(),
      storage: opened.get(name) ?? (await open({ flags: values, logger: logger.child({ storage: name }), version, metrics })),
    })),
  )
  const open = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  const close = async (): Promise<void> => {
    await Promise.all(open.filter(({ name }) => !opened.has(name)).map(({ storage }) => storage.close()))
  }
  const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []))
  if (failures.length > 0) {
    await close()
    throw failures.every((failure) => failure instanceof ConfigError)
      ? new ConfigError(failures.flatMap(({ mistakes }) => mistakes))
      : failures[0]
  }
  return {
    sinks: new Map(
      KINDS.filter((kind) => selection.byKind.has(kind)).map((kind) => [
        kind,
        open.flatMap(({ name, storage, storesParts, returnHeard }) => {
          const sink = storage.sinks[kind]
          return sink === undefined ? [] : [{ storage: name, sink, storesParts, onReturn: (heard) => void returnHeard.add(heard) }]
        }),
      ]),
    ),
    watch: async (readiness, signal) => {
      await Promise.all(open.map((one) => watchOne(one, readiness, logger, signal)))
    },
    unavailable: () => {
      for (const { name, storage } of open) {
        const reason = storage.unavailable?.()
        if (reason !== undefined) return `storage ${name}: ${reason}`
      }
      return undefined
    },
    close,
  }
}

type Watched = { readonly name: string; readonly storage: OpenStorage; readonly returnHeard: ReadonlySet<() => void> }

async function watchOne({ name, storage, returnHeard }: Watched, readiness: Readiness, logger: Logger, signal: AbortSignal): Promise<void> {
  const { check } = storage
  if (check === undefined) return
  const reasonName = `storage ${name}`
  readiness.set(reasonName, 'not asked yet')
  let before: string | undefined
  while (!signal.aborted) {
    const reason = await reasonOf(check, signal)
    if (signal.aborted) return
    readiness.set(reasonName, reason)
    if (reason !== undefined && before === undefined) logger.warn('storage is away', { storage: name, error: reason })
    if (reason === undefined && before !== undefined) {
      logger.info('storage is back', { storage: name })
      for (const heard of returnHeard) heard()
    }
    before = reason
    await sleep(reason === undefined ? CHECK_EVERY_MS : CHECK_AWAY_EVERY_MS, undefined, { signal }).catch((error: unknown) => {
      if (!isAbort(error, signal)) throw error
    })
  }
}

async function reasonOf(check: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<string | undefined> {
  try {
    await check(AbortSignal.any([signal, AbortSignal.timeout(CHECK_TIMEOUT_MS)]))
    return undefined
  } catch (error) {
    return errorMessage(error)
  }
}
