import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

import { decodePushRequest, decompress } from '@clymene/wire'

import { nameOf, type Format, type LineName } from './lines.ts'
import type { Answer } from './plan.ts'

/** One request that was taken in whole, whatever it was answered. */
export type Arrival = {
  readonly atMs: number
  /** What the sender calls the message: sent again it is the same. '' where nobody numbers them. */
  readonly message: string
  readonly epoch: number
  readonly entries: readonly ArrivedEntry[]
  readonly bytes: number
  /** The sender was told that it is stored. */
  answered: boolean
}

export type ArrivedEntry = { readonly lane: string; readonly number: number; readonly timestampNs: bigint }

/** A text that nobody has written, and the line that came before it in the same stream of the same message. */
export type StrangeEntry = { readonly atMs: number; readonly text: string; readonly filename: string; readonly after: LineName | undefined }

/** Takes the place of a gateway, or of Loki: stores all that it is sent, in the order in which it comes. */
export type Recorder = {
  readonly url: string
  readonly arrivals: readonly Arrival[]
  /** Texts that nobody has written. */
  readonly strange: readonly StrangeEntry[]
  readonly hasArrived: (lane: string, number: number) => boolean
  readonly lastArrivalMs: (lane: string) => number
  /** From now on; undefined stores and says so. Requests that hang are cut when it changes. */
  readonly answer: (answer: Answer | undefined) => Promise<void>
  readonly close: () => Promise<void>
}

const MOST_BYTES = 64 * 1024 * 1024

export async function startRecorder(format: Format): Promise<Recorder> {
  const arrivals: Arrival[] = []
  const strange: StrangeEntry[] = []
  const arrived = new Map<string, { readonly numbers: Set<number>; lastMs: number }>()
  const hanging = new Set<ServerResponse>()
  let current: Answer | undefined

  const record = (incoming: IncomingMessage, body: Buffer): Arrival => {
    const atMs = Date.now()
    const { 'clymene-epoch': epoch = '', 'clymene-sequence': sequence = '', 'clymene-stream': stream = '' } = incoming.headers
    const entries: ArrivedEntry[] = []
    for (const { labels, entries: lines } of decodePushRequest(decompress(body, MOST_BYTES))) {
      // A whole Clymene sends its own log, too.
      if (!labels.some(([label, value]) => label === 'job' && value === 'torture')) continue
      const filename = labels.find(([label]) => label === 'filename')?.[1] ?? ''
      let after: LineName | undefined
      for (const { line, timestampNs } of lines) {
        const name = nameOf(format, line)
        if (name === undefined) strange.push({ atMs, text: line, filename, after })
        else entries.push({ ...(after = name), timestampNs })
      }
    }
    for (const { lane, number } of entries) {
      const known = arrived.get(lane) ?? { numbers: new Set<number>(), lastMs: atMs }
      known.numbers.add(number)
      known.lastMs = atMs
      arrived.set(lane, known)
    }
    const message = sequence === '' ? '' : `${String(stream)} ${String(epoch)}/${String(sequence)}`
    const arrival = { atMs, message, epoch: Number(epoch), entries, bytes: body.length, answered: false }
    arrivals.push(arrival)
    return arrival
  }
  const take = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await buffer(incoming)
    const answer = current
    if (answer === '503') return void response.writeHead(503).end('not now\n')
    if (answer === 'reset' || answer === 'away') return void response.destroy()
    if (incoming.method !== 'POST' || body.length === 0) return void response.writeHead(204).end()
    if (answer === 'hang') {
      hanging.add(response)
      return void response.once('close', () => hanging.delete(response))
    }
    const arrival = record(incoming, body)
    if (answer === 'lost') return void response.destroy()
    response.writeHead(204).end()
    arrival.answered = true
  }
  const server = createServer((incoming, response) => void take(incoming, response).catch(() => response.destroy()))
  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', () => resolve()))
  const shut = (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeAllConnections()
    return closed
  }
  await listen(0)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server that listens has an AddressInfo
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    arrivals,
    strange,
    hasArrived: (lane, number) => arrived.get(lane)?.numbers.has(number) === true,
    lastArrivalMs: (lane) => arrived.get(lane)?.lastMs ?? 0,
    answer: async (answer) => {
      const before = current
      current = answer
      for (const response of hanging) response.destroy()
      if (answer === 'away' && before !== 'away') await shut()
      if (answer !== 'away' && before === 'away') await listen(port)
    },
    close: shut,
  }
}
