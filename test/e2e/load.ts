import { setTimeout as sleep } from 'node:timers/promises'

import { Pool } from 'undici'

import { agentHeaders } from '../bench/traffic.ts'

export type Refusal = { readonly status: number; readonly retryAfter: string | undefined; readonly text: string }

export type Load = {
  /** Numbers of the bodies that were answered 204. */
  readonly acknowledged: ReadonlySet<number>
  /** Every other answer, by its status, with how often it came. */
  readonly refused: ReadonlyMap<number, number>
  /** The last refusal of each text. */
  readonly refusals: () => readonly Refusal[]
  /** What went wrong with connections. */
  readonly failures: readonly string[]
  /** Sends nothing more; resolves when everything is answered. */
  readonly stop: () => Promise<void>
}

/** Many connections that send one numbered body after another as fast as they are answered, whatever the answer says. */
export function startLoad({
  url,
  connections,
  bodyOf,
}: {
  readonly url: string
  readonly connections: number
  readonly bodyOf: (number: number) => Buffer
}): Load {
  const { origin, pathname } = new URL(url)
  const pool = new Pool(origin, { connections, pipelining: 1, headersTimeout: 120_000 })
  const acknowledged = new Set<number>()
  const refused = new Map<number, number>()
  const refusals = new Map<string, Refusal>()
  const failures: string[] = []
  let sent = 0
  let stopping = false

  const send = async (number: number, sender: number): Promise<void> => {
    const { statusCode, headers, body } = await pool.request({
      method: 'POST',
      path: pathname,
      headers: { 'content-encoding': 'snappy', 'content-type': 'application/x-protobuf', ...agentHeaders(sender, number) },
      body: bodyOf(number),
    })
    const text = await body.text()
    if (statusCode === 204) {
      acknowledged.add(number)
      return
    }
    const retryAfter = headers['retry-after']
    refused.set(statusCode, (refused.get(statusCode) ?? 0) + 1)
    refusals.set(`${statusCode} ${text}`, { status: statusCode, retryAfter: retryAfter?.toString(), text })
    // As senders do that come again sooner than they were told to.
    await sleep(100)
  }
  const sender = async (index: number): Promise<void> => {
    while (!stopping) {
      await send(++sent, index).catch(async (error: unknown) => {
        failures.push(String(error))
        await sleep(100)
      })
    }
  }
  const senders = Promise.all(Array.from({ length: connections }, (_, index) => sender(index)))
  const end = async (): Promise<void> => {
    stopping = true
    await senders
    await pool.close()
  }
  let ended: Promise<void> | undefined
  return {
    acknowledged,
    refused,
    refusals: () => [...refusals.values()],
    failures,
    stop: () => (ended ??= end()),
  }
}
