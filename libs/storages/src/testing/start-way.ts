import type { Delivery, OpenStorage } from '@clymene/model'
import { onTestFinished } from 'vitest'

import { line, logsDelivery, metricsDelivery, sample } from './messages.ts'
import { openWay, type Judge, type ServerTls, type Way } from './ways.ts'

export const never = new AbortController().signal

const DELIVERIES: Readonly<Record<'metrics' | 'logs', Delivery>> = {
  metrics: metricsDelivery([sample('a', 1)]),
  logs: logsDelivery([line('a', 1n, 'hello')]),
}

export const writeTo = (way: Way, storage: OpenStorage): Promise<void> =>
  storage.sinks[way.kind]?.write([DELIVERIES[way.kind]], never) ?? Promise.reject(new Error('no sink'))

/** What it rejects with, or `stored`. */
export const failureOf = (writing: Promise<unknown>): Promise<unknown> =>
  writing.then(
    () => 'stored',
    (error: unknown) => error,
  )

export type StartOptions = {
  readonly judge?: Judge
  readonly tls?: ServerTls
  readonly host?: string
  /** Of the test's context, where tests run side by side. */
  readonly onFinished?: (clean: () => void | Promise<void>) => void
}

/** A server and the storage that is opened towards it with these flags; both end with the test. */
export async function startWay(
  way: Way,
  flags: readonly string[],
  { judge = () => ({ status: 204 }), tls, host = '127.0.0.1', onFinished = onTestFinished }: StartOptions = {},
) {
  const server = await way.serve(judge, tls)
  onFinished(() => server.stop())
  const { storage, lines } = await openWay(way, server, flags, { host, isSecure: tls !== undefined })
  onFinished(storage.close)
  return { server, storage, lines, write: () => writeTo(way, storage) }
}
