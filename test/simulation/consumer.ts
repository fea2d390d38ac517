import { createAssignment } from '@clymene/bus/contract'
import type { BatchHandler } from '@clymene/model'
import { aborted } from '@clymene/runtime'

import { SESSION_MS, TOPIC, type Broker, type Fetched, type Joined } from './broker.ts'
import type { Clock } from './clock.ts'
import { lend } from './lent-values.ts'
import type { Wire } from './wire.ts'

export type ConsumerOptions = {
  readonly id: string
  readonly clock: Clock
  readonly wire: Wire
  readonly broker: Broker
  readonly handle: BatchHandler
  readonly fetchCount: number
  readonly batchWaitMs: number
  readonly onFailure: (error: unknown) => void
}

const HEARTBEAT_MS = 2000
const DRAIN_MS = 3000
const STOP_MS = 3000
const BATCH_BYTES = 2000

/** What libs/bus/kafka does around its assignment, with kafkajs's order of things: join, assign, ask where the group stands, fetch. */
export async function runConsumer(options: ConsumerOptions, signal: AbortSignal): Promise<void> {
  for (let session = 1; !signal.aborted; session++) await runSession(options, `${options.id}-${session}`, signal)
}

async function runSession(
  { clock, wire, broker, handle, fetchCount, batchWaitMs, onFailure }: ConsumerOptions,
  memberId: string,
  signal: AbortSignal,
): Promise<void> {
  const ends = new Map<number, bigint>()
  let generationId = 0
  let isOver = false
  let heard = clock.now()
  /** Where the group stood in partitions that came here, and where it is read from. */
  const stood = new Map<number, bigint>()
  const next = new Map<number, number>()

  const assignment = createAssignment({
    topic: TOPIC,
    batchBytes: BATCH_BYTES,
    batchWaitMs,
    handle,
    takeover: (partition) => ({ committed: stood.get(partition), end: ends.get(partition) }),
    send: async (offsets, generation) => {
      const list = new Map(offsets.map(({ partition, offset }) => [partition, Number(offset)]))
      await wire.ask(() => broker.commit(generation.memberId, generation.generationId, list))
      heard = clock.now()
    },
    onCommit: () => undefined,
    onCommitted: () => undefined,
    onFailure,
  })

  const join = async (): Promise<void> => {
    await assignment.drain(DRAIN_MS)
    if (isOver) return
    const { partitions, ...generation } = await wire.askLater<Joined>((answer) => broker.join(memberId, answer))
    if (isOver) return
    generationId = generation.generationId
    heard = clock.now()
    assignment.onJoined(generation)
    const kept = new Set(assignment.assign(partitions).map(({ partition }) => partition))
    for (const map of [ends, stood, next]) for (const partition of map.keys()) if (!kept.has(partition)) map.delete(partition)
    const fresh = partitions.filter((partition) => assignment.reader(partition)?.position() === undefined)
    const standing = await wire.ask(() => fresh.map((partition) => ({ partition, committed: broker.committed(partition) })))
    const found = await wire.ask(() => fresh.map((partition) => ({ partition, end: broker.end(partition) })))
    for (const { partition, end } of found) ends.set(partition, BigInt(end))
    for (const { partition, committed } of standing) {
      if (committed !== undefined && !stood.has(partition)) stood.set(partition, BigInt(committed))
      next.set(partition, committed ?? broker.start(partition))
    }
  }

  const fetchLoop = async (): Promise<void> => {
    let beaten = clock.now()
    while (!isOver) {
      const from = new Map<number, number>()
      for (const reader of assignment.readers()) {
        const position = Number(reader.position() ?? next.get(reader.partition) ?? -1)
        if (position >= 0) from.set(reader.partition, position)
      }
      const readers = new Map([...assignment.readers()].map((reader) => [reader.partition, reader]))
      const found = await wire.askLater<readonly Fetched[]>((answer) => broker.fetch(from, fetchCount, answer))
      for (const { partition, records } of found) {
        const reader = readers.get(partition)
        const [first, last] = [records[0]!, records.at(-1)!]
        if (isOver || reader === undefined || assignment.reader(partition) !== reader) continue
        const bytes = records.reduce((sum, { value }) => sum + value.length, 0)
        const lent = lend(records)
        reader.push(lent.records, bytes, last.origin.offset + 1n, Number(first.origin.offset) - from.get(partition)!, lent.release)
      }
      if (clock.now() - beaten >= HEARTBEAT_MS) {
        await beat()
        beaten = clock.now()
      }
    }
  }
  const beat = async (): Promise<void> => {
    if (isOver) return
    const state = await wire.ask(() => broker.heartbeat(memberId, generationId))
    heard = clock.now()
    if (state !== 'stable' && !isOver) await join()
  }
  const lost = async (): Promise<void> => {
    while (!isOver) {
      await sleep(2000)
      if (assignment.joining()) heard = clock.now()
      if (clock.now() - heard > SESSION_MS) return
    }
  }

  const fetching = join().then(fetchLoop)
  await Promise.race([aborted(signal), lost(), fetching])
  isOver = true
  if (signal.aborted) await assignment.finish(STOP_MS)
  await assignment.lose(new Error('the consumption ended'))
  if (signal.aborted) await wire.ask(() => broker.leave(memberId))
}

const sleep = (delayMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, delayMs))
