import { ApiError } from '@clymene/discovery'

import { createWaker } from '../files/waker.ts'
import type { LeaseTimes } from './flags.ts'
import type { Lease, LeaseClient } from './lease.ts'

/** The time in which this agent is the one that collects. */
export type Term = {
  /** What holders before handed on; '' is nothing. */
  readonly position: string
  /** Nobody else was in between: what this agent itself remembers is newer. */
  readonly isOwnAgain: boolean
  /** Aborts when somebody else may be the one. */
  readonly lost: AbortSignal
  /** False as soon as somebody else may be the one, also before `lost` could be told: after the process stood still. */
  readonly holds: () => boolean
  /** Has this text handed on soon. */
  readonly handOn: (position: string) => void
}

export type ElectionOptions = {
  readonly lease: LeaseClient
  /** Differs from that of every other process. */
  readonly identity: string
  readonly times: LeaseTimes
  readonly leads: (leads: boolean) => void
  /** A failure that will be tried again; how many came in a row, this one included. */
  readonly failed: (error: unknown, repeats: number) => void
  readonly succeeded: () => void
}

/** A text that changes all the time is handed on at most so often. */
const HAND_ON_MS = 1000
const RELEASE_MS = 2000

/**
 * Runs `lead` while this agent holds the Lease, again and again, until the signal aborts; then lets go of the Lease, once `lead` has ended.
 * Other agents' clocks do not count: what they wrote is taken as of the moment when it was seen here. What `lead` rejects with ends it.
 */
export async function runElection(options: ElectionOptions, lead: (term: Term) => Promise<void>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const acquired = await acquire(options, signal)
    if (acquired === undefined) return
    options.leads(true)
    try {
      await hold(options, acquired, lead)
    } finally {
      options.leads(false)
    }
  }
}

type Acquired = { readonly lease: Lease; readonly before: Lease | undefined; readonly atMs: number }

async function acquire({ lease: client, identity, times, failed, succeeded }: ElectionOptions, signal: AbortSignal) {
  const waker = createWaker()
  signal.addEventListener('abort', waker.wake, { once: true })
  let seen = { text: '', atMs: 0 }
  let failures = 0
  const isFree = (lease: Lease): boolean => {
    const text = JSON.stringify([lease.holder, lease.renewTime, lease.transitions])
    if (text !== seen.text) seen = { text, atMs: performance.now() }
    return lease.holder === '' || lease.holder === identity || performance.now() - seen.atMs >= lease.durationMs
  }
  while (!signal.aborted) {
    try {
      const limited = AbortSignal.any([signal, AbortSignal.timeout(times.renewDeadlineMs)])
      const before = await client.read(limited)
      const atMs = performance.now()
      if (before === undefined || isFree(before)) {
        const now = microTime()
        const transitions = (before?.transitions ?? 0) + (before === undefined || before.holder === identity ? 0 : 1)
        const { durationMs } = times
        const next = { holder: identity, durationMs, transitions, acquireTime: now, renewTime: now, position: before?.position ?? '' }
        return { lease: await client.write(before, next, limited), before, atMs } satisfies Acquired
      }
      failures = 0
      succeeded()
    } catch (error) {
      if (signal.aborted) return undefined
      // Another one was faster.
      if (!isConflict(error)) failed(error, ++failures)
    }
    await waker.wait(times.retryMs * (1 + Math.random() * 0.2))
  }
  return undefined
}

async function hold(options: ElectionOptions, acquired: Acquired, lead: (term: Term) => Promise<void>): Promise<void> {
  const { lease: client, identity, times, failed, succeeded } = options
  const lost = new AbortController()
  const waker = createWaker()
  const { before } = acquired
  let { lease, atMs: renewedMs } = acquired
  let { position } = lease
  let failures = 0
  let hasEnded = false
  const leftMs = (): number => renewedMs + times.renewDeadlineMs - performance.now()
  succeeded()

  const write = async (next: Partial<Lease>, withinMs: number): Promise<void> => {
    const atMs = performance.now()
    lease = await client.write(lease, { ...lease, renewTime: microTime(), position, ...next }, AbortSignal.timeout(Math.max(1, withinMs)))
    renewedMs = atMs
  }
  const renew = async (): Promise<void> => {
    try {
      await write({}, Math.min(leftMs(), times.renewDeadlineMs / 2))
      failures = 0
      succeeded()
    } catch (error) {
      if (!isConflict(error)) return failed(error, ++failures)
      // Written by somebody else, or by an attempt of ours whose answer was lost.
      const now = await client.read(AbortSignal.timeout(Math.max(1, leftMs()))).catch(() => lease)
      if (now?.holder === identity) lease = now
      else lost.abort(new DOMException('another agent has the Lease', 'AbortError'))
    }
  }
  const renewing = async (): Promise<void> => {
    let triedMs = performance.now()
    while (!hasEnded && !lost.signal.aborted) {
      const isNews = position !== lease.position && failures === 0
      const dueMs = triedMs + (isNews ? Math.min(HAND_ON_MS, times.retryMs) : times.retryMs) - performance.now()
      if (dueMs > 0) {
        await waker.wait(Math.min(dueMs, Math.max(1, leftMs())))
      } else {
        triedMs = performance.now()
        await renew()
      }
      if (leftMs() <= 0) lost.abort(new DOMException('the Lease could not be renewed', 'AbortError'))
    }
  }

  const leading = lead({
    position: before?.position ?? '',
    isOwnAgain: before?.holder === identity,
    lost: lost.signal,
    holds: () => !lost.signal.aborted && leftMs() > 0,
    handOn: (text) => {
      position = text
      waker.wake()
    },
  }).finally(() => {
    hasEnded = true
    waker.wake()
  })
  const [outcome] = await Promise.allSettled([leading, renewing()])
  // So that another one need not wait; if it cannot be written, it waits.
  if (!lost.signal.aborted && leftMs() > 0) await write({ holder: '', durationMs: 1000 }, RELEASE_MS).catch(() => undefined)
  if (outcome.status === 'rejected') throw outcome.reason
}

const isConflict = (error: unknown): boolean => error instanceof ApiError && error.status === 409

/** Six digits of a second, as Go reads a MicroTime. */
const microTime = (): string => new Date().toISOString().replace('Z', '000Z')
