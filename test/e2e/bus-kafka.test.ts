import { setTimeout as sleep } from 'node:timers/promises'

import { describeBusContract } from '@clymene/bus/contract'
import { PermanentError, RetryableError, type BusRecord } from '@clymene/model'
import { createMetrics } from '@clymene/runtime'
import { CompressionTypes, Kafka as KafkaJs, logLevel, PartitionAssigners, type PartitionAssigner } from 'kafkajs'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'

import { describeWithEngines, freePort, startKafka, type Kafka } from '../engines/index.ts'
import { collect, never, numbered, produceAll, sequencesOf, WAIT_MS } from './bus-traffic.ts'
import { createTopicOf, openKafkaBus, withAdmin, type KafkaFixtureOptions } from './kafka-fixture.ts'
import { startService } from './service.ts'

const MAX_MESSAGE_BYTES = 1_000_000
/** Faults show soon enough for a test. */
const IMPATIENT = [
  '--kafka.producer.request-timeout=2s',
  '--kafka.producer.delivery-timeout=3s',
  '--kafka.consumer.session-timeout=3s',
  '--kafka.consumer.rebalance-timeout=10s',
]

/** Members are not lost because the machine is busy. */
const CALM = ['--kafka.consumer.session-timeout=6s']

let topics = 0

/** A broker for a group of tests, and buses on it. */
function brokerOf(closes: typeof afterEach | typeof afterAll) {
  let kafka: Kafka
  const opened: { close: () => Promise<void> }[] = []
  beforeAll(async () => {
    kafka = await startKafka()
  }, WAIT_MS)
  afterAll(() => kafka.stop(), WAIT_MS)
  closes(async () => {
    kafka.resume()
    await Promise.all(opened.splice(0).map((bus) => bus.close()))
  }, WAIT_MS)
  return {
    kafka: () => kafka,
    newTopic: (kind = 'metrics'): Promise<string> =>
      createTopicOf(kafka.bootstrap, `${kind}-${topics++}`, { maxMessageBytes: MAX_MESSAGE_BYTES }),
    open: (options: KafkaFixtureOptions = {}) => {
      const bus = openKafkaBus(kafka.bootstrap, options)
      opened.push(bus)
      return bus
    },
  }
}

// The groups go side by side, each with a broker of its own: what they do most is wait for time-outs.
describeWithEngines(['kafka'], 'bus on Kafka', () => {
  describe.concurrent('a broker', () => {
    const shared = brokerOf(afterAll)
    // A group is the topic's own: kafkajs leaves partitions unread when members of one group read different topics.
    const { newTopic, open } = shared

    describe('topics', () => {
      test('one that is missing is made, with the partitions of the flag and at most as many copies as brokers', async () => {
        const bus = open({ argv: ['--kafka.producer.topic-partitions=5'] })
        await bus.produce('metrics-made', numbered(1, 0, 1), never())
        const { topics: found } = await withAdmin(shared.kafka().bootstrap, (admin) =>
          admin.fetchTopicMetadata({ topics: ['metrics-made'] }),
        )
        expect(found[0]!.partitions.map(({ replicas }) => replicas.length)).toEqual([1, 1, 1, 1, 1])
      })

      test('one that is missing is waited for by who reads it, ready all the while', async () => {
        const bus = open({ argv: IMPATIENT })
        const reading = collect(bus, 'metrics-awaited', 'awaited')
        await vi.waitFor(() => expect(bus.unavailable()).toBeUndefined(), WAIT_MS)
        await produceAll(open({ argv: IMPATIENT }), 'metrics-awaited', { keys: 6, perKey: 5, pauseMs: 0 })
        await reading.until(() => reading.count() === 30)
        await reading.stop()
      })

      test('one that is missing and must not be made is named', async () => {
        const bus = open({ argv: [...IMPATIENT, '--kafka.producer.create-topics=false'] })
        await expect(bus.produce('metrics-forbidden', numbered(1, 0, 1), never())).rejects.toThrow(/topic metrics-forbidden does not exist/)
        await vi.waitFor(() => expect(bus.unavailable()).toMatch(/metrics-forbidden does not exist/), WAIT_MS)
      })

      test('one that is deleted and made anew goes on: what is produced then arrives', async () => {
        const topic = await newTopic()
        const bus = open({ argv: IMPATIENT })
        const reading = collect(bus, topic, topic)
        await produceAll(bus, topic, { keys: 6, perKey: 20, pauseMs: 0 })
        await reading.until(() => reading.count() === 120)
        await withAdmin(shared.kafka().bootstrap, async (admin) => {
          await admin.deleteTopics({ topics: [topic] })
          // Until the broker has heard of it, it acknowledges what goes with the topic.
          await vi.waitFor(async () => expect(await admin.listTopics()).not.toContain(topic), WAIT_MS)
        })
        await produceAll(bus, topic, { keys: 6, perKey: 10, pauseMs: 0, from: 1000 })
        await reading.until(() => reading.distinct() === 180)
        await reading.stop()
        // Offsets start at 0 again, so what comes may be taken for a repeat: it is marked.
        const anew = reading.batches.filter(({ records }) => (records[0]!.headers.sequence ?? 0) >= 1000)
        expect(new Set(anew.filter(({ takeover }) => takeover).map(({ partition }) => partition))).toEqual(
          new Set(anew.map(({ partition }) => partition)),
        )
      })

      test('a message over the limit is refused alone: those that were sent with it arrive', async () => {
        const topic = await newTopic()
        const bus = open({ argv: ['--kafka.producer.batch-linger=200ms', '--kafka.producer.batch-size=8MiB'] })
        const large = { ...numbered(1, 5, 1)[0]!, value: Buffer.alloc(2 * MAX_MESSAGE_BYTES) }
        const sent = numbered(1, 0, 5).map((envelope) => bus.produce(topic, [envelope], never()))
        const refused = bus.produce(topic, [large], never())
        const after = numbered(1, 6, 5).map((envelope) => bus.produce(topic, [envelope], never()))
        await expect(refused).rejects.toThrow(PermanentError)
        await Promise.all([...sent, ...after])
        const reading = collect(bus, topic, topic)
        await reading.until(() => reading.count() === 10)
        await reading.stop()
        expect([...sequencesOf(reading.records).values()]).toEqual([[0, 1, 2, 3, 4, 6, 7, 8, 9, 10]])
      })
    })

    describe('compression', () => {
      test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])('%s comes back as it was', async (compression) => {
        const topic = await newTopic()
        const bus = open({ argv: [`--kafka.producer.compression=${compression}`, '--kafka.producer.batch-linger=50ms'] })
        await produceAll(bus, topic, { keys: 6, perKey: 50, pauseMs: 0 })
        const reading = collect(bus, topic, topic)
        await reading.until(() => reading.count() === 300)
        await reading.stop()
        for (const { key, value, headers } of reading.records) expect(value.toString()).toBe(`${key} ${headers.sequence}`)
      })

      test('reads what another client wrote: no headers, no key, gzip', async () => {
        const topic = await newTopic('logs')
        const producer = new KafkaJs({ brokers: [shared.kafka().bootstrap], logLevel: logLevel.NOTHING }).producer({ idempotent: true })
        await producer.connect()
        await producer.send({
          topic,
          compression: CompressionTypes.GZIP,
          messages: [{ value: 'a' }, { key: 'k', value: 'b', headers: { why: 'so' } }],
        })
        await producer.disconnect()
        const reading = collect(open(), topic, topic)
        await reading.until(() => reading.count() === 2)
        await reading.stop()
        const found = reading.records.map(({ kind, key, value, headers, extra }) => ({
          kind,
          key,
          value: value.toString(),
          headers,
          extra,
        }))
        expect(found.toSorted((a, b) => a.value.localeCompare(b.value))).toEqual([
          { kind: 'logs', key: '', value: 'a', headers: {}, extra: undefined },
          { kind: 'logs', key: 'k', value: 'b', headers: {}, extra: { why: 'so' } },
        ])
      })
    })

    describe('consumer', () => {
      test('what is fetched ahead is bounded while a partition is stuck, and the others go on', async () => {
        const topic = await newTopic()
        const bus = open({ argv: ['--kafka.consumer.queue-bytes=3MiB', '--kafka.producer.batch-size=200KiB'] })
        const stuck = Promise.withResolvers<void>()
        const metrics = createMetrics()
        const reading = collect(open({ argv: ['--kafka.consumer.queue-bytes=3MiB'], metrics }), topic, topic, [], ({ partition }) =>
          partition === 0 ? stuck.promise : Promise.resolve(),
        )
        const value = Buffer.alloc(100_000, 'x')
        const envelopes = numbered(12, 0, 20).map((envelope) => ({ ...envelope, value }))
        for (const envelope of envelopes) await bus.produce(topic, [envelope], never())
        const lagOf = async () =>
          new Map((await bus.lag(topic, topic, never())).map(({ partition, committed, end }) => [partition, Number(end - committed)]))
        await vi.waitFor(async () => {
          const lag = await lagOf()
          expect(lag.get(1)! + lag.get(2)!).toBe(0)
          expect(lag.get(0)).toBeGreaterThan(0)
        }, WAIT_MS)
        // The storage of the group holds them: so many messages, of that size, for so long, and so long before they are lost.
        const valueOf = async (name: string) =>
          (await metrics.registry.getSingleMetric(`clymene_kafka_${name}`)!.get()).values.find(({ labels }) => labels['partition'] === '0')
            ?.value ?? -1
        const waiting = (await lagOf()).get(0)!
        await vi.waitFor(async () => {
          expect(await valueOf('lag_messages')).toBe(waiting)
          expect(await valueOf('lag_bytes')).toBe(waiting * value.length)
          expect(await valueOf('lag_seconds')).toBeGreaterThan(0)
          // Kafka's default of a week.
          expect((await valueOf('lag_seconds')) + (await valueOf('until_expiry_seconds'))).toBeCloseTo(7 * 86_400, 3)
        }, WAIT_MS)
        const queued = await metrics.registry.getSingleMetric('clymene_kafka_consumer_queue_bytes')!.get()
        // A third of the queue for each partition, and what one fetch brings more than that.
        expect(Math.max(...queued.values.map(({ value: bytes }) => bytes))).toBeLessThanOrEqual(2 << 20)
        stuck.resolve()
        await reading.until(() => reading.count() === envelopes.length)
        await vi.waitFor(async () => {
          expect([await valueOf('lag_messages'), await valueOf('lag_bytes'), await valueOf('lag_seconds')]).toEqual([0, 0, 0])
        }, WAIT_MS)
        await reading.stop()
      })

      test('a failure that does not pass ends the consumption after some tries', async () => {
        const topic = await newTopic()
        const other: PartitionAssigner = (config) => ({ ...PartitionAssigners.roundRobin(config), name: 'another' })
        const stranger = new KafkaJs({ brokers: [shared.kafka().bootstrap], logLevel: logLevel.NOTHING }).consumer({
          groupId: 'mixed',
          partitionAssigners: [other],
        })
        const joined = new Promise((resolve) => stranger.on(stranger.events.GROUP_JOIN, resolve))
        await stranger.connect()
        await stranger.subscribe({ topic })
        await stranger.run({ eachMessage: () => Promise.resolve() })
        await joined
        const metrics = createMetrics()
        await expect(open({ metrics }).consume(topic, 'mixed', () => Promise.resolve(), never())).rejects.toThrow(
          /^group mixed, topic metrics-.*: given up after 10 starts: .*protocols are incompatible/,
        )
        expect(await metrics.registry.getSingleMetricAsString('clymene_kafka_consumer_restarts_total')).toContain(
          `{topic="${topic}",group="mixed"} 10`,
        )
        await stranger.disconnect()
      })

      test('what retention deleted while nobody read is counted, also when nothing comes after it', async () => {
        const topic = await newTopic()
        const bus = open()
        await produceAll(bus, topic, { keys: 6, perKey: 10, pauseMs: 0 })
        const before = collect(bus, topic, topic)
        await before.until(() => before.count() === 60)
        await before.stop()
        await produceAll(bus, topic, { keys: 6, perKey: 5, pauseMs: 0, from: 10 })
        const unread = await bus.lag(topic, topic, never())
        const partitions = unread.map(({ partition, end }) => ({ partition, offset: String(end) }))
        await withAdmin(shared.kafka().bootstrap, async (admin) => {
          // Without it kafkajs does not know the topic's leaders yet.
          await admin.fetchTopicOffsets(topic)
          await admin.deleteTopicRecords({ topic, partitions })
        })
        const metrics = createMetrics()
        const reading = collect(open({ metrics }), topic, topic)
        const expired = async () => (await metrics.registry.getSingleMetric('clymene_kafka_expired_messages_total')!.get()).values[0]?.value
        await vi.waitFor(async () => expect(await expired()).toBe(30), WAIT_MS)
        // The broker says so once more when these are fetched: they are not counted twice.
        await produceAll(bus, topic, { keys: 6, perKey: 2, pauseMs: 0, from: 15 })
        await reading.until(() => reading.count() === 12)
        await reading.stop()
        expect(await expired()).toBe(30)
        // Each partition tells with its first batch where the group stood and what is gone from there.
        for (const { partition, takeover, committed, expired: gone, records } of reading.batches) {
          const end = unread.find((one) => one.partition === partition)!
          expect([committed, gone]).toEqual(takeover ? [end.committed, Number(end.end - end.committed)] : [undefined, undefined])
          if (takeover) expect(records[0]!.origin.offset).toBe(end.end)
        }
      })

      test('what retention deletes while it is read is told with the batch behind it', async () => {
        const topic = await newTopic()
        const bus = open()
        const value = Buffer.alloc(100_000, 'x')
        const large = numbered(1, 0, 40).map((envelope) => ({ ...envelope, value }))
        for (const envelope of large) await bus.produce(topic, [envelope], never())
        const stuck = Promise.withResolvers<void>()
        const reading = collect(
          open({ argv: ['--kafka.consumer.queue-bytes=1MiB', '--kafka.consumer.batch-bytes=1KiB'] }),
          topic,
          topic,
          [],
          () => stuck.promise,
        )
        await reading.until(() => reading.batches.length === 1)
        const { partition, end } = (await bus.lag(topic, topic, never())).find((one) => one.end > 0n)!
        // It has fetched some and waits: all that it has not fetched goes.
        await withAdmin(shared.kafka().bootstrap, async (admin) => {
          await admin.fetchTopicOffsets(topic)
          await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(end) }] })
        })
        await bus.produce(topic, numbered(1, 40, 1), never())
        stuck.resolve()
        await reading.until(() => reading.records.at(-1)?.headers.sequence === 40)
        await reading.stop()
        const told = reading.batches.filter(({ expired }) => expired !== undefined)
        expect(told.map(({ records }) => records[0]!.headers.sequence)).toEqual([40])
        expect(reading.count() + told[0]!.expired!).toBe(41)
        expect(told[0]).toMatchObject({ takeover: false })
      })

      test('read tells of nothing what retention has deleted, and goes on behind it', async () => {
        const topic = await newTopic()
        const bus = open()
        await bus.produce(topic, numbered(1, 0, 10), never())
        const { partition } = (await bus.lag(topic, topic, never())).find((one) => one.end > 0n)!
        await withAdmin(shared.kafka().bootstrap, async (admin) => {
          await admin.fetchTopicOffsets(topic)
          await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: '6' }] })
        })
        const found: BusRecord[] = []
        for await (const records of bus.read(topic, partition, 2n, 9n, never())) found.push(...records)
        expect(found.map(({ origin }) => origin.offset)).toEqual([6n, 7n, 8n])
        const gone: BusRecord[] = []
        for await (const records of bus.read(topic, partition, 2n, 5n, never())) gone.push(...records)
        expect(gone).toEqual([])
      })

      test('knows what was there when it took a partition over, so that what comes later is taken for no repeat', async () => {
        const topic = await newTopic()
        const bus = open()
        await bus.produce(topic, numbered(12, 0, 1), never())
        const gate = Promise.withResolvers<void>()
        const reading = collect(bus, topic, topic, [], () => gate.promise)
        await reading.until(() => reading.batches.length === 3)
        const ends = new Map((await bus.lag(topic, topic, never())).map(({ partition, end }) => [partition, end]))
        await bus.produce(topic, numbered(12, 1, 1), never())
        gate.resolve()
        await reading.until(() => reading.count() === 24)
        await reading.stop()
        const told = reading.batches
          .filter(({ takeover }) => takeover)
          .map(({ partition, repeatsBefore }) => [partition, repeatsBefore] as const)
        expect(new Map(told)).toEqual(ends)
      })

      test('a group that others are in is joined beside readers of the same topic only', async () => {
        const topic = await newTopic()
        const bus = open()
        await bus.produce(topic, numbered(1, 0, 1), never())
        await expect(bus.expectOwnMembers('shared', topic, never())).resolves.toBeUndefined()
        const reading = collect(bus, topic, 'shared')
        await reading.until(() => reading.count() === 1)
        await expect(bus.expectOwnMembers('shared', topic, never())).resolves.toBeUndefined()
        await expect(bus.expectOwnMembers('shared', 'another', never())).rejects.toThrow(
          `the group shared has other members, expected none but readers of topic another alone: clymene at /127.0.0.1 reads ${topic}; `,
        )
        await expect(
          startService('ingester', {
            environment: { STORAGE_TYPE: 'prometheus' },
            flags: [
              `--kafka.consumer.brokers=${shared.kafka().bootstrap}`,
              '--kafka.consumer.group-per-storage=false',
              '--kafka.consumer.group-id=shared',
              '--kafka.consumer.topic=another',
              '--prometheus.remote.url=http://127.0.0.1:1/api/v1/write',
            ],
          }),
        ).rejects.toThrow(/ended with status 1;[^]*the group shared has other members, expected none but readers of topic another alone/)
        await reading.stop()
        await expect(bus.expectOwnMembers('shared', 'another', never())).resolves.toBeUndefined()
      })

      test('a member that joins later and reads something else ends the consumption in a group that others may be in', async () => {
        const [topic, other] = [await newTopic(), await newTopic()]
        const bus = open()
        await bus.expectOwnMembers('visited', topic, never())
        const consuming = bus.consume(topic, 'visited', () => Promise.resolve(), never()).then(() => 'ended', String)
        await vi.waitFor(() => expect(bus.unavailable()).toBeUndefined(), WAIT_MS)
        const visitor = collect(open(), other, 'visited')
        expect(await consuming).toMatch(
          new RegExp(`^ForeignMembersError: the group visited has other members, .* topic ${topic} alone: clymene at .* reads ${other};`),
        )
        await visitor.stop()
      })

      test('is not ready before its groups have joined', async () => {
        const topic = await newTopic()
        const bus = open()
        await vi.waitFor(() => expect(bus.unavailable()).toBeUndefined(), WAIT_MS)
        const seeding = bus.seedGroupOffsets(`${topic}-old`, 'joining', topic, never())
        expect(bus.unavailable()).toBe(`group joining, topic ${topic}: joining`)
        await seeding
        const reading = collect(bus, topic, 'joining')
        expect(bus.unavailable()).toBe(`group joining, topic ${topic}: joining`)
        await vi.waitFor(() => expect(bus.unavailable()).toBeUndefined(), WAIT_MS)
        await reading.stop()
      })

      test('a new group starts where another one stands, one with offsets is left alone', async () => {
        const topic = await newTopic()
        const bus = open()
        await produceAll(bus, topic, { keys: 6, perKey: 10, pauseMs: 0 })
        const old = collect(bus, topic, `${topic}-old`)
        await old.until(() => old.count() === 60)
        await old.stop()
        await produceAll(bus, topic, { keys: 6, perKey: 5, pauseMs: 0, from: 10 })
        await bus.seedGroupOffsets(`${topic}-old`, 'new', topic, never())
        const reading = collect(bus, topic, 'new')
        await reading.until(() => reading.count() === 30)
        await bus.seedGroupOffsets(`${topic}-old`, 'new', topic, never())
        await reading.stop()
        expect(reading.records.every(({ headers }) => headers.sequence! >= 10)).toBe(true)
        await bus.seedGroupOffsets('unknown', 'fresh', topic, never())
        expect((await bus.lag(topic, 'fresh', never())).reduce((sum, { committed, end }) => sum + Number(end - committed), 0)).toBe(90)
        expect((await bus.lag(topic, 'new', never())).every(({ committed, end }) => committed === end)).toBe(true)
      })
    })
  })

  describe.concurrent('one thing after the other', () => {
    describe('on a broker', { concurrent: false }, () => {
      const own = brokerOf(afterEach)
      const { newTopic, open } = own

      describeBusContract('kafka', () =>
        Promise.resolve({
          open: () => Promise.resolve(openKafkaBus(own.kafka().bootstrap, { argv: ['--kafka.consumer.stop-timeout=1s'] })),
          newTopic,
          maxMessageBytes: MAX_MESSAGE_BYTES,
          stop: () => Promise.resolve(),
        }),
      )

      describe('rebalance', () => {
        test('a second member takes partitions over and gives them back; nothing is missing, a key stays in order', async () => {
          const topic = await newTopic()
          const bus = open({ argv: CALM })
          const producing = produceAll(bus, topic, { keys: 12, perKey: 300, pauseMs: 10 })
          const seen: BusRecord[] = []
          const first = collect(open({ argv: CALM }), topic, 'g', seen)
          await first.until(() => first.count() > 50)
          const second = collect(open({ argv: CALM }), topic, 'g', seen)
          await second.until(() => second.count() > 50)
          await second.stop()
          await producing
          await first.until(() => new Set(seen.map(({ key, headers }) => `${key} ${headers.sequence}`)).size === 12 * 300)
          await first.stop()
          for (const sequences of sequencesOf(seen).values()) expect(sequences).toEqual(sequences.toSorted((a, b) => a - b))
          // Calls were drained before the partitions went: nothing came twice.
          expect(seen).toHaveLength(12 * 300)
        })

        test('a call that takes longer than the session keeps its partition: heartbeats go on', async () => {
          const topic = await newTopic()
          const metrics = createMetrics()
          const bus = open({ argv: IMPATIENT, metrics })
          await bus.produce(topic, numbered(1, 0, 1), never())
          const aborted: unknown[] = []
          // Half as long again as the session.
          const reading = collect(bus, topic, topic, [], (_, signal) =>
            sleep(4500).then(() => void (signal.aborted && aborted.push(signal.reason))),
          )
          await reading.until(() => reading.count() === 1)
          await reading.stop()
          expect(aborted).toEqual([])
          expect(await metrics.registry.getSingleMetricAsString('clymene_kafka_rebalances_total')).toMatch(/"} 1$/m)
          expect((await bus.lag(topic, topic, never())).every(({ committed, end }) => committed === end)).toBe(true)
        })

        test('a call of a partition that is lost has its signal aborted, and the other member gets its batch', async () => {
          const topic = await newTopic()
          const bus = open({ argv: IMPATIENT })
          await bus.produce(topic, numbered(12, 0, 1), never())
          const aborted: number[] = []
          const pending = new Set<number>()
          const stop = new AbortController()
          const stuck = bus.consume(
            topic,
            'g',
            ({ partition }, signal) => {
              pending.add(partition)
              return new Promise((_, reject) =>
                signal.addEventListener('abort', () => {
                  aborted.push(partition)
                  reject(new Error('aborted'))
                }),
              )
            },
            stop.signal,
          )
          await vi.waitFor(() => expect(pending.size).toBe(3), WAIT_MS)
          const other = collect(open({ argv: IMPATIENT }), topic, 'g')
          await other.until(() => other.count() > 0)
          // The two learn of it within the same moment, in no certain order.
          await vi.waitFor(() => expect(aborted).toEqual(expect.arrayContaining(other.batches.map(({ partition }) => partition))), WAIT_MS)
          expect(other.batches[0]!.takeover).toBe(true)
          await other.stop()
          stop.abort()
          await stuck
        })
      })
    })
  })

  describe.concurrent('a broker that stops', () => {
    describe('for a while', { concurrent: false }, () => {
      const paused = brokerOf(afterEach)
      const { newTopic, open } = paused

      test('stops for longer than the session: nothing acknowledged is missing, and a key stays in order', async () => {
        await expectAllDelivered(paused, async () => {
          await paused.kafka().pause()
          await sleep(6000)
          paused.kafka().resume()
        })
      })

      test('a call that is pending while the membership runs out has its signal aborted', async () => {
        const topic = await newTopic()
        const bus = open({ argv: IMPATIENT })
        await bus.produce(topic, numbered(1, 0, 1), never())
        let aborts = 0
        const reading = collect(bus, topic, 'g', [], async (_, signal) => {
          if (aborts > 0) return
          await new Promise((_resolve, reject) =>
            signal.addEventListener('abort', () => {
              aborts++
              reject(new Error('aborted'))
            }),
          )
        })
        await reading.until(() => reading.batches.length === 1)
        await paused.kafka().pause()
        await vi.waitFor(() => expect(aborts).toBe(1), WAIT_MS)
        paused.kafka().resume()
        await reading.until(() => reading.batches.length === 2)
        expect(reading.batches[1]!.takeover).toBe(true)
        await reading.stop()
      })

      test('while it does not answer, a consumer with a batch to commit stops soon', async () => {
        const topic = await newTopic()
        const bus = open()
        await bus.produce(topic, numbered(1, 0, 1), never())
        const handled = Promise.withResolvers<void>()
        const reading = collect(bus, topic, 'g', [], () => handled.promise)
        await reading.until(() => reading.batches.length === 1)
        await paused.kafka().pause()
        handled.resolve()
        const before = Date.now()
        await reading.stop()
        await bus.close()
        // By default calls may be finished for 5 s, a group is left within 3 s, a request may take 15 s.
        expect(Date.now() - before).toBeLessThan(4500)
        paused.kafka().resume()
      })

      test('while it does not answer, the queue is bounded, callers get a retryable error, and it is said to be unavailable', async () => {
        const topic = await newTopic()
        const metrics = createMetrics()
        const bus = open({ argv: [...IMPATIENT, '--kafka.producer.queue-bytes=1MiB'], metrics })
        await bus.produce(topic, numbered(1, 0, 1), never())
        await paused.kafka().pause()
        const large = { ...numbered(1, 1, 1)[0]!, value: Buffer.alloc(100_000) }
        const results = await Promise.allSettled(Array.from({ length: 50 }, () => bus.produce(topic, [large], never())))
        const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
        expect(errors).toHaveLength(50)
        expect(errors.every((error) => error instanceof RetryableError)).toBe(true)
        expect(errors.filter(({ message }) => /queue of 1048576 bytes is full/.test(message))).toHaveLength(40)
        expect(bus.unavailable()).toMatch(new RegExp(`Kafka topic ${topic}: `))
        await expect(bus.produce(topic, [large], AbortSignal.timeout(100))).rejects.toThrow(/timeout/i)
        paused.kafka().resume()
        await vi.waitFor(() => expect(bus.unavailable()).toBeUndefined(), WAIT_MS)
        await bus.produce(topic, numbered(1, 2, 1), never())
      })
    })
  })

  describe.concurrent('a broker that goes', () => {
    describe('and comes', { concurrent: false }, () => {
      const killed = brokerOf(afterEach)

      test('is killed and comes back: nothing acknowledged is missing, and a key stays in order', async () => {
        await expectAllDelivered(killed, async () => {
          await killed.kafka().kill()
          await sleep(2000)
          await killed.kafka().restart()
        })
      })

      test('which is not there at the start is waited for', async () => {
        const port = await freePort()
        const bus = openKafkaBus(`127.0.0.1:${port}`)
        onTestFinished(() => bus.close())
        expect(bus.unavailable()).toMatch(/Kafka: /)
        const reading = collect(bus, 'metrics-late', 'g')
        await vi.waitFor(() => expect(bus.unavailable()).toMatch(/ECONNREFUSED/), WAIT_MS)
        const late = await startKafka({ port })
        try {
          await produceAll(bus, 'metrics-late', { keys: 3, perKey: 5, pauseMs: 0 })
          await reading.until(() => reading.count() === 15)
          expect(bus.unavailable()).toBeUndefined()
          await reading.stop()
          await bus.close()
        } finally {
          await late.stop()
        }
      })
    })
  })
})

/** Acknowledged before, during and after what `act` does to the broker. */
async function expectAllDelivered({ newTopic, open }: ReturnType<typeof brokerOf>, act: () => Promise<void>): Promise<void> {
  const topic = await newTopic()
  const bus = open({ argv: IMPATIENT })
  const reading = collect(open({ argv: IMPATIENT }), topic, 'g')
  const producing = produceAll(bus, topic, { keys: 12, perKey: 400, pauseMs: 10 })
  await reading.until(() => reading.count() > 100)
  await act()
  await producing
  await reading.until(() => reading.distinct() === 12 * 400)
  await reading.stop()
  // A sender that was told nothing sends again: what came first is what counts.
  for (const sequences of sequencesOf(reading.records).values()) {
    const firsts = [...new Set(sequences)]
    expect(firsts).toEqual(firsts.toSorted((a, b) => a - b))
  }
  await vi.waitFor(() => expect(bus.unavailable()).toBeUndefined(), WAIT_MS)
}
