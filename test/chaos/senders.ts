import { setTimeout as sleep } from 'node:timers/promises'

import type { Kind, Labels } from '@clymene/model'
import { compress, encodePushRequest, encodeWriteRequest } from '@clymene/wire'
import { Pool } from 'undici'

import type { Sent } from './evidence.ts'
import { seriesText } from './series-text.ts'

export type SenderOptions = {
  readonly kind: Kind
  readonly url: string
  readonly cluster: string
  readonly name: string
  readonly everyMs: number
}

/** Sends numbered bodies straight to a gateway, as Prometheus and Promtail do: the next one goes when the one before is acknowledged. */
export type Sender = {
  /** Everything so far; what is still on its way is not acknowledged. */
  readonly sent: () => readonly Sent[]
  /** Answers that end a body for good: there should be none. */
  readonly refusals: readonly string[]
  /** How often a body had to be sent again. */
  readonly repeats: () => number
  /** Begins no new body; resolves when the last one is acknowledged, or the time is over. */
  readonly stop: (withinMs: number) => Promise<void>
}

const SERIES = 10
const TIMEOUT_MS = 10_000

export function startSender(options: SenderOptions): Sender {
  const { kind, url, cluster, name, everyMs } = options
  const { origin, pathname } = new URL(url)
  const pool = new Pool(origin, { connections: 1, headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS })
  const all = Array.from({ length: SERIES }, (_, shard) => labelsOf(kind, cluster, name, shard))
  const bodies: { readonly number: number; readonly timeMs: number; isAcknowledged: boolean }[] = []
  const refusals: string[] = []
  let repeats = 0
  let isStopping = false
  let isLate = false

  const post = async (body: Buffer): Promise<number> => {
    const answer = await pool.request({
      method: 'POST',
      path: pathname,
      headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' },
      body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const text = await answer.body.text()
    // What Prometheus does not send again either.
    if (answer.statusCode >= 400 && answer.statusCode < 500 && answer.statusCode !== 429)
      refusals.push(`${name}: ${answer.statusCode} ${text}`)
    return answer.statusCode
  }

  const run = async (): Promise<void> => {
    let newest = 0
    while (!isStopping) {
      newest = Math.max(Date.now(), newest + 1)
      const one = { number: bodies.length + 1, timeMs: newest, isAcknowledged: false }
      bodies.push(one)
      const body = bodyOf(kind, all, one)
      for (;;) {
        const status = await post(body).catch(() => 0)
        one.isAcknowledged = status >= 200 && status < 300
        if (one.isAcknowledged || isLate) break
        repeats++
        await sleep(200)
      }
      await sleep(everyMs)
    }
  }
  const running = run()
  return {
    sent: () =>
      bodies.flatMap(({ number, timeMs, isAcknowledged }) =>
        all.map((labels) => ({
          kind,
          series: seriesText(labels),
          number,
          ...contentOf(kind, number, timeMs),
          acknowledged: isAcknowledged,
        })),
      ),
    refusals,
    repeats: () => repeats,
    stop: async (withinMs) => {
      isStopping = true
      const late = setTimeout(() => {
        isLate = true
      }, withinMs)
      await running
      clearTimeout(late)
      await pool.destroy()
    },
  }
}

const labelsOf = (kind: Kind, cluster: string, sender: string, shard: number): Labels => [
  ...(kind === 'metrics' ? [['__name__', 'chaos_sent'] as const] : []),
  ['cluster', cluster],
  ['sender', sender],
  ['shard', String(shard)],
]

/** Nanoseconds of lines tell the numbers once more. */
const contentOf = (kind: Kind, number: number, timeMs: number): Pick<Sent, 'value'> & { readonly time: string } =>
  kind === 'metrics'
    ? { value: String(number), time: String(timeMs) }
    : { value: `pushed ${number}`, time: String(BigInt(timeMs) * 1_000_000n + BigInt(number % 1_000_000)) }

function bodyOf(kind: Kind, all: readonly Labels[], { number, timeMs }: { readonly number: number; readonly timeMs: number }): Buffer {
  if (kind === 'metrics')
    return compress(encodeWriteRequest(all.map((labels) => ({ labels, samples: [{ timestampMs: timeMs, value: number }] }))))
  const { value, time } = contentOf(kind, number, timeMs)
  return compress(encodePushRequest(all.map((labels) => ({ labels, entries: [{ timestampNs: BigInt(time), line: value }] }))))
}
