import type { BusRecord } from '@clymene/model'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { expect, onTestFinished, test, vi } from 'vitest'

import { createAssignment } from './assignment.ts'
import type { Cluster } from './internals.ts'
import { createKafkaMetrics } from './kafka-metrics.ts'
import { createSessionWatch } from './session-watch.ts'

/** A member with partition 0, whose group stands at 3, of a topic that ends at `end`; the brokers answer always. */
async function watching(end: () => string | undefined) {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const failures: Error[] = []
  const assignment = createAssignment({
    topic: 't',
    batchBytes: 1,
    handle: () => Promise.resolve(),
    takeover: () => ({ committed: undefined, end: undefined }),
    send: () => Promise.resolve(),
    onCommit: () => undefined,
    onCommitted: () => undefined,
    onFailure: () => undefined,
  })
  const fetchTopicsOffset: Cluster['fetchTopicsOffset'] = ([topic]) => {
    const offset = topic?.fromBeginning === true ? '0' : end()
    return offset === undefined
      ? Promise.reject(new Error('no leader'))
      : Promise.resolve([{ topic: 't', partitions: [{ partition: 0, offset }] }])
  }
  const metrics = createMetrics()
  const watch = createSessionWatch({
    topic: 't',
    group: 'g',
    storage: 's',
    limits: { queueBytes: 1, batchBytes: 1, batchWaitMs: 0, sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 60_000, stopTimeoutMs: 1 },
    assignment,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the watch asks of it
    cluster: () => ({ fetchTopicsOffset, findTopicPartitionMetadata: () => [] }) as unknown as Cluster,
    fail: (error) => failures.push(error),
    metrics: createKafkaMetrics(metrics),
    logger: silentLogger,
  })
  onTestFinished(watch.stop)
  assignment.onJoined({ generationId: 1, memberId: 'm' })
  watch.assigned(assignment.assign([0]))
  await watch.standing([{ partition: 0, offset: '3' }])
  return {
    failures,
    watch,
    metrics,
    assignment,
    /** The coordinator answers heartbeats, and fetches come back where nothing else is said, all the while. */
    pass: async (seconds: number, { isFetching = true } = {}): Promise<void> => {
      for (let second = 0; second < seconds; second++) {
        watch.contact()
        if (isFetching) watch.alive()
        await vi.advanceTimersByTimeAsync(1000)
      }
    },
  }
}

test('a partition of which nothing is fetched although messages wait ends the membership, heartbeats or not', async () => {
  const { failures, pass } = await watching(() => '10')
  await pass(60)
  expect(failures).toEqual([])
  await pass(60)
  expect(failures[0]).toMatchObject({ name: 'StalledError', message: 'group g, topic t, partition 0: 7 messages wait and none is fetched' })
})

test.each([
  { name: 'an idle topic', end: () => '3' },
  { name: 'a leader that does not answer, for which the broker is at fault', end: () => undefined },
])('$name is no stall', async ({ end }) => {
  const { failures, pass } = await watching(end)
  await pass(300)
  expect(failures).toEqual([])
})

test('a client that fetches nothing at all any more ends the membership, heartbeats or not, also of an idle topic', async () => {
  const { failures, pass } = await watching(() => '3')
  // A rebalance, a session and a minute more.
  await pass(150, { isFetching: false })
  expect(failures).toEqual([])
  await pass(2, { isFetching: false })
  expect(failures[0]).toMatchObject({ message: expect.stringMatching(/^group g: nothing was fetched for 15[01]\d\d\d ms$/) })
})

test('tells where the group stood when a partition came, not what the client commits by itself when that is gone', async () => {
  const { watch, assignment } = await watching(() => '20')
  expect(watch.takeover(0)).toEqual({ committed: 3n, end: 20n })
  await watch.standing([{ partition: 0, offset: '10' }])
  expect(watch.takeover(0).committed).toBe(3n)
  expect(watch.takeover(1)).toEqual({ committed: undefined, end: undefined })
  // Kept over a rebalance it is still the same takeover; lost and got again it is another.
  assignment.onJoined({ generationId: 2, memberId: 'm' })
  watch.assigned(assignment.assign([0, 1]))
  await watch.standing([{ partition: 1, offset: '-1' }])
  expect([watch.takeover(0).committed, watch.takeover(1).committed]).toEqual([3n, undefined])
  assignment.onJoined({ generationId: 4, memberId: 'm' })
  watch.assigned(assignment.assign([0]))
  await watch.standing([{ partition: 0, offset: '15' }])
  expect(watch.takeover(0).committed).toBe(15n)
})

test.each([-513_000, 3_600_000])(
  'a wall clock that jumps by %i ms changes nothing: who is answered stays, who is not goes',
  async (byMs) => {
    const { failures, pass } = await watching(() => '3')
    await pass(10)
    vi.setSystemTime(Date.now() + byMs)
    await vi.advanceTimersByTimeAsync(29_000)
    expect(failures).toEqual([])
    await vi.advanceTimersByTimeAsync(4000)
    expect(failures[0]).toMatchObject({ name: 'LostContactError' })
  },
)

test('counts what is committed: messages, and the samples or entries that they tell of', async () => {
  const { watch, metrics } = await watching(() => '20')
  watch.committed(0, [message({ records: 7 }), message({}), message({ records: 2 })], 6n)
  const text = await metrics.registry.metrics()
  expect(text).toContain('clymene_kafka_consumed_messages_total{topic="t",group="g"} 3')
  expect(text).toContain('clymene_kafka_consumed_records_total{topic="t",group="g",storage="s",kind="metrics"} 9')
})

const message = (headers: BusRecord['headers']): BusRecord => ({
  kind: 'metrics',
  key: 'k',
  value: Buffer.alloc(0),
  headers,
  origin: { logId: 'l', topic: 't', partition: 0, offset: 0n, timestampMs: 0 },
})
