import { setTimeout as sleep } from 'node:timers/promises'

import type { AssembledAgent } from '@clymene/agent'
import type { Gateway } from '@clymene/gateway'
import type { Ingester } from '@clymene/ingester'
import type { Logger } from '@clymene/model'

import type { OpenedBus } from './open-bus.ts'

/** Time for each of the three to finish when told to stop: with closing, less than ten seconds in all. */
export const DRAIN_MS = 2500

export type Running = {
  readonly agent: Pick<AssembledAgent, 'run'>
  readonly gateway: Pick<Gateway, 'run'>
  readonly ingester: Ingester
  readonly bus: OpenedBus
  readonly logger: Logger
}

/** Each runs until the one before it has handed over what it had: agent, gateway, ingester. One that fails stops all. */
export async function runInOrder({ agent, gateway, ingester, bus, logger }: Running, stop: AbortSignal): Promise<void> {
  const failed = new AbortController()
  const intake = AbortSignal.any([stop, failed.signal])
  const stopGateway = new AbortController()
  const stopIngester = new AbortController()
  const watched = async (part: string, running: Promise<void>): Promise<void> => {
    try {
      await running
      logger.debug('has finished', { part })
    } catch (error) {
      failed.abort()
      throw error
    }
  }
  const ingesting = watched('ingester', ingester.run(stopIngester.signal))
  const serving = watched('gateway', gateway.run(stopGateway.signal))
  const collecting = watched('agent', agent.run(intake))
  const outcomes = await Promise.allSettled([
    collecting.finally(() => stopGateway.abort()),
    serving
      .catch(() => undefined) // told by the outcome below
      .then(() => delivered(ingester, bus, AbortSignal.any([AbortSignal.timeout(DRAIN_MS), failed.signal])))
      .finally(() => stopIngester.abort()),
    serving,
    ingesting,
  ])
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  logger.info('stopped')
}

/** Waits until every route has what is in the bus, or patience ends: the rest is delivered after the next start. */
async function delivered(ingester: Ingester, { bus }: OpenedBus, patience: AbortSignal): Promise<void> {
  while (!patience.aborted) {
    const lags = await Promise.all(ingester.routes.map(({ topic, group }) => bus.lag(topic, group, patience).catch(() => undefined)))
    // A bus that cannot say is not one that has nothing left.
    if (lags.every((lag) => lag?.every(({ committed, end }) => committed >= end) === true)) return
    await sleep(20)
  }
}
