import { setTimeout as sleep } from 'node:timers/promises'

import { compress, encodeWriteRequest } from '@clymene/wire'

export type PersistentSenders = {
  /** Bodies of each sender that were answered 204: numbers 1 to this. */
  readonly acknowledged: () => readonly number[]
  /** Sends nothing new; resolves when everything that was begun is acknowledged. */
  readonly stop: () => Promise<void>
}

const SERIES = 50
const PAUSE_MS = 20

/**
 * Senders that do as an agent does: each has one numbered body on its way and sends it, to one gateway or another, until it is
 * acknowledged. Sender `i` gives `numbered{sender="i"}` the values 1, 2, 3, … at rising times.
 */
export function startPersistentSenders({ urls, count }: { readonly urls: readonly string[]; readonly count: number }): PersistentSenders {
  const acknowledged = Array.from({ length: count }, () => 0)
  const epoch = Date.now()
  let isStopping = false

  const isTaken = async (url: string, headers: Readonly<Record<string, string>>, body: Uint8Array<ArrayBuffer>): Promise<boolean> => {
    try {
      const response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(10_000) })
      await response.arrayBuffer()
      return response.status === 204
    } catch {
      return false
    }
  }
  const send = async (sender: number): Promise<void> => {
    let timestampMs = 0
    let turn = sender
    while (!isStopping) {
      const number = acknowledged[sender]! + 1
      timestampMs = Math.max(Date.now(), timestampMs + 1)
      const body = bodyOf(sender, number, timestampMs)
      const headers = {
        'content-encoding': 'snappy',
        'content-type': 'application/x-protobuf',
        'clymene-cluster': 'senders',
        'clymene-agent': `sender-${sender}`,
        'clymene-epoch': String(epoch),
        'clymene-sequence': String(number),
      }
      while (!(await isTaken(urls[turn % urls.length]!, headers, body))) {
        turn++
        await sleep(PAUSE_MS)
      }
      acknowledged[sender] = number
      await sleep(PAUSE_MS)
    }
  }
  const all = Promise.all(acknowledged.map((_, sender) => send(sender)))
  return {
    acknowledged: () => [...acknowledged],
    stop: async () => {
      isStopping = true
      await all
    },
  }
}

function bodyOf(sender: number, value: number, timestampMs: number): Uint8Array<ArrayBuffer> {
  const series = Array.from({ length: SERIES }, (_, index) => ({
    labels: [
      ['__name__', index === 0 ? 'numbered' : `filling_${index}`],
      ['cluster', 'senders'],
      ['sender', String(sender)],
    ] as const,
    samples: [{ timestampMs, value }],
  }))
  return new Uint8Array(compress(encodeWriteRequest(series)))
}
