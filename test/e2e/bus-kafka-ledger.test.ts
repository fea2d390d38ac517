import { createKafkaLedgerStore, kafkaConsumerFlags, kafkaConsumerOptions, type KafkaLedgerStoreOptions } from '@clymene/bus'
import { RetryableError, type Logger } from '@clymene/model'
import { parseFlags, silentLogger } from '@clymene/runtime'
import kafkajs from 'kafkajs'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'

import { describeWithEngines, startKafka, type Kafka } from '../engines/index.ts'
import { never, WAIT_MS } from './bus-traffic.ts'
import { openKafkaBus, withAdmin } from './kafka-fixture.ts'

const { ConfigResourceTypes } = kafkajs

// The cleaner looks often, so that a test can wait for it.
const EAGER = {
  'log.cleaner.backoff.ms': '100',
  'log.cleaner.min.compaction.lag.ms': '0',
  'log.initial.task.delay.ms': '100',
  'log.retention.check.interval.ms': '500',
}

describeWithEngines(['kafka'], 'the ledger on Kafka', () => {
  let kafka: Kafka
  const opened: { close: () => Promise<void> }[] = []
  beforeAll(async () => {
    kafka = await startKafka({ settings: EAGER })
  }, WAIT_MS)
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close()
  })
  afterAll(() => kafka.stop(), WAIT_MS)

  const open = (options: Partial<KafkaLedgerStoreOptions> = {}) => {
    const { values } = parseFlags(kafkaConsumerFlags, [`--kafka.consumer.brokers=${kafka.bootstrap}`], {})
    const { connection } = kafkaConsumerOptions(values)
    const store = createKafkaLedgerStore({ connection, logger: silentLogger, ...options })
    opened.push(store)
    return store
  }
  const texts = (states: ReadonlyMap<string, Buffer>) => [...states].map(([name, state]) => `${name}=${String(state)}`).toSorted()
  const settingsOf = async (topic: string) => {
    const { resources } = await withAdmin(kafka.bootstrap, (admin) =>
      admin.describeConfigs({ includeSynonyms: false, resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }] }),
    )
    return new Map(resources[0]!.configEntries.map(({ configName, configValue }) => [configName, configValue]))
  }

  test('a missing topic is made, compacted; what one saved another loads', { timeout: WAIT_MS }, async () => {
    const [one, two] = [open(), open()]
    expect(await one.load('g/t/0', never())).toBeUndefined()
    expect(await one.all(never())).toEqual(new Map())
    await Promise.all([one.save('g/t/0', Buffer.from('a'), never()), one.save('g/t/1', Buffer.from('b'), never())])
    expect(String(await two.load('g/t/0', never()))).toBe('a')
    await two.save('g/t/0', Buffer.from('c'), never())
    expect(texts(await one.all(never()))).toEqual(['g/t/0=c', 'g/t/1=b'])
    const settings = await settingsOf('clymene-ledger')
    expect(settings.get('cleanup.policy')).toBe('compact')
    expect([settings.get('segment.ms'), settings.get('segment.bytes')]).toEqual(['600000', String(16 << 20)])
    const found = await withAdmin(kafka.bootstrap, (admin) => admin.fetchTopicMetadata({ topics: ['clymene-ledger'] }))
    expect(found.topics[0]!.partitions).toHaveLength(1)
  })

  test('large states, more than are kept in memory, come back as they were', { timeout: WAIT_MS }, async () => {
    const store = open({ topic: 'large', cacheBytes: 4 << 20 })
    const states = new Map(Array.from({ length: 5 }, (_, index) => [`g/t/${index}`, Buffer.alloc(3 << 20, index)]))
    for (const [name, state] of states) await store.save(name, state, never())
    const found = await open({ topic: 'large', cacheBytes: 4 << 20 }).all(never())
    expect([...found.keys()].toSorted()).toEqual([...states.keys()])
    for (const [name, state] of states) expect(found.get(name)!.equals(state)).toBe(true)
    await expect(store.save('g/t/9', Buffer.alloc(9 << 20), never())).rejects.toThrow(/MESSAGE_TOO_LARGE.* for g\/t\/9 of 9437184 bytes/)
    expect((await store.load('g/t/4', never()))?.length).toBe(3 << 20)
  })

  test('the last states are there also when the broker has compacted what was before', { timeout: WAIT_MS }, async () => {
    const topic = 'compacted'
    const store = open({ topic })
    await store.save('a', Buffer.from('0'), never())
    const early = open({ topic })
    expect(String(await early.load('a', never()))).toBe('0')
    await withAdmin(kafka.bootstrap, (admin) =>
      admin.alterConfigs({
        validateOnly: false,
        resources: [
          {
            type: ConfigResourceTypes.TOPIC,
            name: topic,
            configEntries: Object.entries({ 'cleanup.policy': 'compact', 'segment.ms': '500', 'min.cleanable.dirty.ratio': '0.01' }).map(
              ([name, value]) => ({ name, value }),
            ),
          },
        ],
      }),
    )
    // Its own offsets tell that there are holes: messages of old offsets are gone.
    let saved = 0
    const isCompacted = async (): Promise<boolean> => {
      for (const name of ['a', 'b']) await store.save(name, Buffer.from(String(++saved)), never())
      const fetched = await withAdmin(kafka.bootstrap, async (admin) => (await admin.fetchTopicOffsets(topic))[0]!)
      const kept = await messagesOf(kafka.bootstrap, topic)
      return Number(fetched.high) > kept + 10
    }
    await vi.waitFor(async () => expect(await isCompacted()).toBe(true), { timeout: WAIT_MS, interval: 300 })
    const expected = [`a=${saved - 1}`, `b=${saved}`]
    expect(texts(await open({ topic }).all(never()))).toEqual(expected)
    expect(texts(await early.all(never()))).toEqual(expected)
    expect(texts(await open({ topic, cacheBytes: 0 }).all(never()))).toEqual(expected)
  })

  test('one that must not be made is named, and is found when it is there', { timeout: WAIT_MS }, async () => {
    const store = open({ topic: 'forbidden', mayCreate: false })
    const refused = store.load('a', never())
    await expect(refused).rejects.toThrow(RetryableError)
    await expect(refused).rejects.toMatchObject({
      message: expect.stringMatching(
        /topic forbidden does not exist and this client must not make it; .*--partitions 1 .*--config cleanup.policy=compact/,
      ),
      needsOperator: true,
    })
    await open({ topic: 'forbidden' }).save('a', Buffer.from('1'), never())
    expect(String(await store.load('a', never()))).toBe('1')
  })

  test('one whose messages are deleted by age is told', { timeout: WAIT_MS }, async () => {
    await withAdmin(kafka.bootstrap, (admin) =>
      admin.createTopics({ topics: [{ topic: 'deleting', numPartitions: 1 }], waitForLeaders: false }),
    )
    const error = vi.fn<Logger['error']>()
    const store = open({ topic: 'deleting', logger: { ...silentLogger, error } })
    await vi.waitFor(() => store.save('a', Buffer.from('1'), never()), WAIT_MS)
    expect(error).toHaveBeenCalledWith(expect.stringMatching(/expected cleanup.policy=compact/), { topic: 'deleting', found: 'delete' })
    expect(error).toHaveBeenCalledTimes(1)
  })

  test('while the brokers are away it is an error that passes', { timeout: WAIT_MS }, async () => {
    const store = open({ topic: 'away' })
    await store.save('a', Buffer.from('1'), never())
    await kafka.kill()
    await expect(store.save('a', Buffer.from('2'), never())).rejects.toThrow(RetryableError)
    await expect(store.load('a', never())).rejects.toThrow(RetryableError)
    await kafka.restart()
    await vi.waitFor(() => store.save('a', Buffer.from('3'), never()), WAIT_MS)
    expect(String(await store.load('a', never()))).toBe('3')
  })
})

/** How many messages a topic of one partition still has. */
async function messagesOf(bootstrap: string, topic: string): Promise<number> {
  const bus = openKafkaBus(bootstrap)
  try {
    let count = 0
    for await (const records of bus.read(topic, 0, 0n, 1n << 60n, never())) count += records.length
    return count
  } finally {
    await bus.close()
  }
}
