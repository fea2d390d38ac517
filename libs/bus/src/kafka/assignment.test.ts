import type { BatchHandler, BusRecord, PartitionBatch } from '@clymene/model'
import { describe, expect, onTestFinished, test, vi } from 'vitest'

import { createAssignment, type Assignment } from './assignment.ts'
import type { Joined, PartitionOffset } from './internals.ts'

const TOPIC = 't'

const records = (partition: number, first: number, count: number): readonly BusRecord[] =>
  Array.from({ length: count }, (_, index) => ({
    kind: 'metrics',
    key: 'k',
    value: Buffer.alloc(10),
    headers: {},
    origin: { logId: 'l', topic: TOPIC, partition, offset: BigInt(first + index), timestampMs: 0 },
  }))

const protocolError = (type: string): Error => Object.assign(new Error(type), { type })

/** A group without Kafka: calls, commits and their outcome are the test's. */
function group(batchBytes = 1000, batchWaitMs = 0) {
  const calls: {
    readonly batch: PartitionBatch
    readonly signal: AbortSignal
    readonly finish: () => void
    readonly fail: (error: Error) => void
  }[] = []
  const commits: { readonly offsets: readonly PartitionOffset[]; readonly generation: Joined }[] = []
  const failures: unknown[] = []
  const standing = new Map([[0, { committed: 0n, end: 2n }]])
  let answer: () => Promise<void> = () => Promise.resolve()
  const handle: BatchHandler = (batch, signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    calls.push({ batch, signal, finish: resolve, fail: reject })
    return promise
  }
  const assignment = createAssignment({
    topic: TOPIC,
    batchBytes,
    batchWaitMs,
    handle,
    takeover: (partition) => standing.get(partition) ?? { committed: undefined, end: undefined },
    send: async (offsets, generation) => {
      commits.push({ offsets, generation })
      await answer()
    },
    onCommit: () => undefined,
    onCommitted: () => undefined,
    onFailure: (error) => failures.push(error),
  })
  const join = (generationId: number, partitions: readonly number[], memberId = 'me') => {
    assignment.onJoined({ generationId, memberId })
    return assignment.assign(partitions)
  }
  return {
    assignment,
    calls,
    commits,
    failures,
    standing,
    join,
    push: (partition: number, first: number, count: number, expired?: number, release?: () => void) =>
      assignment.reader(partition)!.push(records(partition, first, count), 10 * count, BigInt(first + count), expired, release),
    called: (count: number) => vi.waitFor(() => expect(calls).toHaveLength(count)),
    committed: (count: number) => vi.waitFor(() => expect(commits).toHaveLength(count)),
    answerCommits: (next: () => Promise<void>) => {
      answer = next
    },
  }
}

const nextRound = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve))
const offsetsOf = ({ records: list }: PartitionBatch): number[] => list.map(({ origin }) => Number(origin.offset))

describe('a partition', () => {
  test('is handed over a batch at a time, committed before the next, which is all that came meanwhile', async () => {
    const { join, push, calls, commits, called, committed } = group()
    join(1, [0])
    push(0, 0, 2)
    push(0, 2, 1)
    push(0, 3, 1)
    await called(1)
    expect(offsetsOf(calls[0]!.batch)).toEqual([0, 1, 2, 3])
    push(0, 4, 2)
    calls[0]!.finish()
    await called(2)
    await committed(1)
    expect(commits[0]).toEqual({ offsets: [{ partition: 0, offset: '4' }], generation: { generationId: 1, memberId: 'me' } })
    expect(offsetsOf(calls[1]!.batch)).toEqual([4, 5])
    expect(calls.map(({ batch }) => batch.takeover)).toEqual([true, false])
  })

  test('a partition that is taken over with nothing in it for the group is told of, and its first message is a takeover too', async () => {
    const { assignment, calls, join, push, standing } = group()
    standing.set(0, { committed: 2n, end: 2n })
    join(1, [0, 1])
    assignment.greet([{ partition: 0 }, { partition: 1 }])
    await nextRound()
    expect(calls.map(({ batch }) => [batch.partition, offsetsOf(batch), batch.takeover, batch.committed])).toEqual([[0, [], true, 2n]])
    push(0, 2, 1)
    calls[0]!.finish()
    await nextRound()
    expect(calls.slice(1).map(({ batch }) => [offsetsOf(batch), batch.takeover, batch.committed])).toEqual([[[2], true, 2n]])
  })

  test('tells of the first batch after a takeover where the group stood and which messages were there then', async () => {
    const { join, push, calls, called } = group()
    join(1, [0, 1])
    push(0, 0, 3)
    push(1, 0, 1)
    await called(2)
    push(0, 3, 1)
    calls[0]!.finish()
    await called(3)
    // Made anew meanwhile: what was there before is another topic's.
    push(0, 0, 1)
    calls[2]!.finish()
    await called(4)
    expect(calls.map(({ batch }) => batch.repeatsBefore)).toEqual([2n, undefined, undefined, undefined])
    expect(calls.map(({ batch }) => batch.committed)).toEqual([0n, undefined, undefined, undefined])
  })

  test('tells what was deleted unread with the batch right behind it, which is not joined to the one before', async () => {
    const { join, push, calls, called } = group()
    join(1, [0])
    push(0, 5, 1, 5)
    await called(1)
    push(0, 6, 1)
    push(0, 20, 1, 13)
    push(0, 21, 1)
    for (const count of [2, 3]) {
      calls[count - 2]!.finish()
      await called(count)
    }
    expect(calls.map(({ batch }) => [offsetsOf(batch), batch.expired])).toEqual([
      [[5], 5],
      [[6], undefined],
      [[20, 21], 13],
    ])
  })

  test('gives no batch of more bytes than the limit, unless one fetch was larger', async () => {
    const { join, push, calls, called } = group(30)
    join(1, [0])
    push(0, 0, 2)
    push(0, 2, 1)
    push(0, 3, 5)
    push(0, 8, 1)
    for (const [index, expected] of [[0, 1, 2], [3, 4, 5, 6, 7], [8]].entries()) {
      await called(index + 1)
      expect(offsetsOf(calls[index]!.batch)).toEqual(expected)
      calls[index]!.finish()
    }
  })

  describe('whose batch is small', () => {
    const WAIT_MS = 1000
    const waiting = () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
      onTestFinished(() => void vi.useRealTimers())
      const one = group(100, WAIT_MS)
      one.join(1, [0])
      return one
    }
    const called = ({ calls }: ReturnType<typeof group>) => calls.map(({ batch }) => offsetsOf(batch))

    test('waits for more, from when its first message came; what is taken over does not', async () => {
      const one = waiting()
      one.push(0, 0, 1)
      await vi.advanceTimersByTimeAsync(0)
      expect(called(one)).toEqual([[0]])
      one.calls[0]!.finish()
      await vi.advanceTimersByTimeAsync(0)
      one.push(0, 1, 1)
      await vi.advanceTimersByTimeAsync(600)
      one.push(0, 2, 1)
      await vi.advanceTimersByTimeAsync(399)
      expect(called(one)).toEqual([[0]])
      await vi.advanceTimersByTimeAsync(1)
      expect(called(one)).toEqual([[0], [1, 2]])
      // What came while the call was pending has waited.
      one.push(0, 3, 1)
      await vi.advanceTimersByTimeAsync(WAIT_MS)
      one.calls[1]!.finish()
      await vi.advanceTimersByTimeAsync(0)
      expect(called(one)).toEqual([[0], [1, 2], [3]])
    })

    test.each<{ name: string; more: (one: ReturnType<typeof group>) => void; expected: readonly number[] }>([
      { name: 'there are enough bytes', more: (one) => one.push(0, 2, 9), expected: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] },
      { name: 'what comes next must not be joined to it', more: (one) => one.push(0, 5, 1, 3), expected: [1] },
      { name: 'the topic was made anew', more: (one) => one.push(0, 0, 1), expected: [1] },
    ])('does not wait when $name', async ({ more, expected }) => {
      const one = waiting()
      one.push(0, 0, 1)
      await vi.advanceTimersByTimeAsync(0)
      one.calls[0]!.finish()
      one.push(0, 1, 1)
      await vi.advanceTimersByTimeAsync(0)
      expect(called(one)).toHaveLength(1)
      more(one)
      await vi.advanceTimersByTimeAsync(0)
      expect(called(one)[1]).toEqual(expected)
    })

    test('is not handed over at the end, and does not hold up a stop', async () => {
      const one = waiting()
      one.push(0, 0, 1)
      await vi.advanceTimersByTimeAsync(0)
      one.calls[0]!.finish()
      await vi.advanceTimersByTimeAsync(0)
      one.push(0, 1, 1)
      await vi.advanceTimersByTimeAsync(0)
      await one.assignment.finish(60_000)
      await one.assignment.lose(new Error('over'))
      await vi.advanceTimersByTimeAsync(WAIT_MS * 2)
      expect(called(one)).toEqual([[0]])
      expect(vi.getTimerCount()).toBe(0)
    })
  })

  test('what is held counts what waits and what is being handled, until it is committed or lost', async () => {
    const { join, push, calls, called, assignment, committed } = group(20)
    join(1, [0])
    const held = (): number => assignment.reader(0)!.queuedBytes()
    push(0, 0, 2)
    push(0, 2, 1)
    await called(1)
    expect(held()).toBe(30)
    calls[0]!.finish()
    await called(2)
    expect(held()).toBe(10)
    calls[1]!.finish()
    await committed(2)
    await vi.waitFor(() => expect(held()).toBe(0))
    push(0, 3, 1)
    await called(3)
    calls[2]!.fail(new Error('refused'))
    await vi.waitFor(() => expect(held()).toBe(0))
  })

  test('gives memory back when the call says so, or when nobody has seen what is in it', async () => {
    const { join, push, calls, called, committed, assignment } = group(20)
    const released: string[] = []
    const add = (first: number, name: string): void => push(0, first, 1, 0, () => void released.push(name))
    join(1, [0])
    for (const [first, name] of ['a', 'b', 'c', 'd', 'e'].entries()) add(first, name)
    await called(1)
    expect(offsetsOf(calls[0]!.batch)).toEqual([0, 1])
    expect(released).toEqual([])
    calls[0]!.batch.release!()
    expect(released).toEqual(['a', 'b'])
    calls[0]!.finish()
    await called(2)
    // Does not say so: what it has seen may be on its way.
    calls[1]!.finish()
    await called(3)
    await committed(2)
    expect(released).toEqual(['a', 'b'])
    add(5, 'f')
    const over = assignment.lose(new Error('over'))
    expect(released).toEqual(['a', 'b', 'f'])
    calls[2]!.fail(new Error('aborted'))
    await over
    expect(released).toEqual(['a', 'b', 'f'])
  })

  test('does not wait for others', async () => {
    const { join, push, calls, called } = group()
    join(1, [0, 1])
    push(0, 0, 1)
    push(1, 0, 1)
    await called(2)
    calls[1]!.finish()
    push(1, 1, 1)
    await called(3)
    expect(calls[2]!.batch.partition).toBe(1)
  })

  test('whose offsets go back was made anew: a batch of its own, marked as taken over', async () => {
    const { join, push, calls, called } = group()
    join(1, [0])
    push(0, 10, 1)
    await called(1)
    push(0, 11, 1)
    push(0, 0, 1)
    push(0, 1, 1)
    calls[0]!.finish()
    await called(2)
    calls[1]!.finish()
    await called(3)
    expect(calls.map(({ batch }) => [offsetsOf(batch), batch.takeover])).toEqual([
      [[10], true],
      [[11], false],
      [[0, 1], true],
    ])
  })

  test('commits by steps when the call says so', async () => {
    const { join, push, calls, commits, called, committed } = group()
    join(1, [0])
    push(0, 0, 5)
    await called(1)
    await calls[0]!.batch.commit?.(2)
    await calls[0]!.batch.commit?.(1)
    calls[0]!.finish()
    await committed(2)
    expect(commits.map(({ offsets }) => offsets[0]!.offset)).toEqual(['2', '5'])
  })

  test('whose call rejects is told about, and not committed', async () => {
    const { join, push, calls, commits, failures, called } = group()
    join(1, [0])
    push(0, 0, 1)
    await called(1)
    calls[0]!.fail(new Error('no'))
    await vi.waitFor(() => expect(failures).toEqual([new Error('no')]))
    expect(commits).toEqual([])
  })
})

describe('a rebalance', () => {
  test('lets pending calls finish before it joins, commits them in the old generation, and starts no new ones', async () => {
    const { assignment, join, push, calls, commits, called, committed } = group()
    join(1, [0])
    push(0, 0, 1)
    await called(1)
    let drained = false
    const draining = assignment.drain(60_000).then(() => {
      drained = true
    })
    push(0, 1, 1)
    calls[0]!.finish()
    await draining
    expect(drained).toBe(true)
    await committed(1)
    expect(commits[0]!.generation.generationId).toBe(1)
    expect(calls).toHaveLength(1)
    join(2, [0])
    await called(2)
    expect(calls[1]!.batch.takeover).toBe(false)
  })

  test('that keeps a partition lets its call go on and commits it in the new generation', async () => {
    const { assignment, join, push, calls, commits, called, committed } = group()
    join(1, [0])
    push(0, 0, 1)
    await called(1)
    await assignment.drain(0)
    calls[0]!.finish()
    const kept = join(2, [0, 1])
    expect(kept.map((reader) => [reader.partition, reader.position()])).toEqual([[0, 1n]])
    await committed(1)
    expect(commits[0]!.generation.generationId).toBe(2)
    expect(calls[0]!.signal.aborted).toBe(false)
  })

  test.each([
    { name: 'gives it to another member', generation: 2, member: 'me', partitions: [1] },
    { name: 'happened twice, so that another member had it in between', generation: 3, member: 'me', partitions: [0] },
    { name: 'made this a new member, as after a session that ran out', generation: 2, member: 'again', partitions: [0] },
  ])('that $name aborts the call and commits nothing for it', async ({ generation, member, partitions }) => {
    const { assignment, join, push, calls, commits, failures, called } = group()
    join(1, [0])
    push(0, 0, 1)
    await called(1)
    await assignment.drain(0)
    expect(join(generation, partitions, member)).toEqual([])
    expect(calls[0]!.signal.aborted).toBe(true)
    calls[0]!.fail(new Error('aborted'))
    await assignment.finish(1000)
    expect(commits).toEqual([])
    expect(failures).toEqual([])
  })

  test('a partition that comes back waits for the old call to return', async () => {
    const { assignment, join, push, calls, called } = group()
    join(1, [0])
    push(0, 0, 1)
    await called(1)
    await assignment.drain(0)
    join(3, [0])
    push(0, 0, 1)
    await new Promise((resolve) => setImmediate(resolve))
    expect(calls).toHaveLength(1)
    calls[0]!.finish()
    await called(2)
    expect(calls[1]!.batch.takeover).toBe(true)
  })
})

describe('a commit', () => {
  test('that fails is sent again', async () => {
    const { join, push, calls, commits, called, committed, answerCommits } = group()
    join(1, [0])
    push(0, 0, 1)
    await called(1)
    answerCommits(() => Promise.reject(protocolError('NOT_COORDINATOR_FOR_GROUP')))
    calls[0]!.finish()
    await committed(1)
    answerCommits(() => Promise.resolve())
    await committed(2)
    expect(commits[1]).toEqual(commits[0])
  })

  test.each(['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID'])(
    'refused with %s waits for the next assignment, and goes when the partition is kept',
    async (type) => {
      const { join, push, calls, commits, called, committed, answerCommits } = group()
      join(1, [0, 1])
      push(0, 0, 1)
      await called(1)
      answerCommits(() => Promise.reject(protocolError(type)))
      calls[0]!.finish()
      await committed(1)
      answerCommits(() => Promise.resolve())
      join(2, [0])
      await committed(2)
      expect(commits[1]!.generation.generationId).toBe(2)
    },
  )

  test('refused after the partitions were dealt out anew is sent again at once', async () => {
    const { join, push, calls, commits, called, committed, answerCommits } = group()
    const { promise, reject } = Promise.withResolvers<void>()
    join(1, [0])
    push(0, 0, 1)
    await called(1)
    answerCommits(() => promise)
    calls[0]!.finish()
    await committed(1)
    join(2, [0])
    answerCommits(() => Promise.resolve())
    reject(protocolError('ILLEGAL_GENERATION'))
    await committed(2)
    expect(commits[1]!.generation.generationId).toBe(2)
  })

  test('of where the group stands shows whether the partition is still ours; a call that lost it is aborted before it hears so', async () => {
    const { join, push, calls, commits, called, committed, answerCommits } = group()
    join(1, [0])
    push(0, 7, 3)
    await called(1)
    const { batch, signal } = calls[0]!
    expect(await batch.isOurs?.()).toBe(true)
    await batch.commit?.(2)
    expect(await batch.isOurs?.()).toBe(true)
    expect(commits.map(({ offsets }) => offsets[0]?.offset)).toEqual(['7', '9', '9'])
    answerCommits(() => Promise.reject(protocolError('UNKNOWN_MEMBER_ID')))
    const answer = batch.isOurs?.().then((isOurs) => ({ isOurs, isAborted: signal.aborted }))
    await committed(4)
    join(3, [0], 'me again')
    expect(await answer).toEqual({ isOurs: false, isAborted: true })
    expect(await batch.isOurs?.()).toBe(false)
    calls[0]!.fail(new Error('aborted'))
  })

  test('that is refused is not sent again before the partitions are dealt out', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    try {
      const { join, push, calls, commits, answerCommits } = group()
      join(1, [0])
      push(0, 0, 1)
      await vi.advanceTimersByTimeAsync(0)
      answerCommits(() => Promise.reject(protocolError('ILLEGAL_GENERATION')))
      calls[0]!.finish()
      await vi.advanceTimersByTimeAsync(60_000)
      expect(commits).toHaveLength(1)
    } finally {
      vi.useRealTimers()
    }
  })

  test('that waits when the partition is lost is never sent', async () => {
    const { assignment, join, push, calls, commits, called, committed, answerCommits } = group()
    join(1, [0, 1])
    push(0, 0, 1)
    await called(1)
    answerCommits(() => Promise.reject(protocolError('REBALANCE_IN_PROGRESS')))
    calls[0]!.finish()
    await committed(1)
    answerCommits(() => Promise.resolve())
    join(2, [1])
    push(1, 0, 1)
    await called(2)
    calls[1]!.finish()
    await committed(2)
    await assignment.finish(1000)
    expect(commits.slice(1).map(({ offsets }) => offsets.map(({ partition }) => partition))).toEqual([[1]])
  })

  test('of partitions that finish while one is in flight goes together in the next', async () => {
    const { join, push, calls, commits, called, committed, answerCommits } = group()
    join(1, [0, 1, 2])
    for (const partition of [0, 1, 2]) push(partition, 0, 1)
    await called(3)
    const first = Promise.withResolvers<void>()
    answerCommits(() => first.promise)
    calls[0]!.finish()
    await committed(1)
    calls[1]!.finish()
    calls[2]!.finish()
    await new Promise((resolve) => setImmediate(resolve))
    first.resolve()
    await committed(2)
    expect(commits.map(({ offsets }) => offsets.length)).toEqual([1, 2])
  })
})

describe('the end', () => {
  const finishing = async (assignment: Assignment, patienceMs: number): Promise<void> => {
    await assignment.finish(patienceMs)
    await assignment.lose(new Error('the end'))
  }

  test('waits for calls and their commits, and starts no new ones', async () => {
    const { assignment, join, push, calls, commits, called } = group()
    join(1, [0])
    push(0, 0, 1)
    await called(1)
    push(0, 1, 1)
    const end = finishing(assignment, 60_000)
    calls[0]!.finish()
    await end
    expect(commits).toHaveLength(1)
    expect(calls).toHaveLength(1)
  })

  test('aborts calls that take longer, and waits until they return', async () => {
    const { assignment, join, push, calls, commits, called } = group()
    join(1, [0])
    push(0, 0, 1)
    await called(1)
    calls[0]!.signal.addEventListener('abort', () => calls[0]!.finish())
    await finishing(assignment, 0)
    expect(calls[0]!.signal.aborted).toBe(true)
    expect(commits).toEqual([])
  })
})
