import { createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import { PROTOBUF, type Bus } from '@clymene/model'
import { createMetrics, parseFlags } from '@clymene/runtime'
import { describe, expect, onTestFinished, test, vi } from 'vitest'

import { never, recordingLogger } from '../embedded/test-kit.ts'
import { kafkaConsumerFlags, kafkaConsumerOptions, kafkaProducerFlags, kafkaProducerOptions } from './flags.ts'
import { createKafkaBus } from './kafka-bus.ts'

/** Far from the fifteen seconds that a request may take, far enough from what a busy machine needs. */
const SOON_MS = 6000

function openBus(brokers: string, ...argv: string[]) {
  const logger = recordingLogger()
  const flags = { ...kafkaProducerFlags, ...kafkaConsumerFlags }
  const { values } = parseFlags(flags, [`--kafka.producer.brokers=${brokers}`, `--kafka.consumer.brokers=${brokers}`, ...argv], {})
  const bus = createKafkaBus({
    producer: kafkaProducerOptions(values),
    consumer: kafkaConsumerOptions(values),
    kindOf: () => 'metrics',
    metrics: createMetrics(),
    logger,
  })
  onTestFinished(() => bus.close())
  return { bus, logger }
}

/** Nobody listens there. */
const refusing = (): Promise<{ readonly address: string; readonly reached: () => boolean }> =>
  Promise.resolve({ address: '127.0.0.1:1', reached: () => true })

/** A broker that takes connections and requests and answers none, as one that is stopped does. */
async function silent() {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).resume()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a port')
  return { address: `127.0.0.1:${address.port}`, reached: () => sockets.size >= 3 && [...sockets].every(({ bytesRead }) => bytesRead > 0) }
}

const produce = (bus: Bus, signal: AbortSignal): Promise<void> =>
  bus.produce('t', [{ kind: 'metrics', key: 'k', value: Buffer.from('v'), headers: { contentType: PROTOBUF } }], signal)

describe('while the brokers are away', () => {
  test.each([
    { brokers: 'refuse connections', start: refusing },
    { brokers: 'answer nothing', start: silent },
  ])('and $brokers, everything ends soon when it is told to', async ({ start }) => {
    const { address, reached } = await start()
    const { bus } = openBus(address)
    const stop = new AbortController()
    const running = [
      bus.seedGroupOffsets('old', 'new', 't', stop.signal),
      bus.consume('t', 'g', () => Promise.resolve(), stop.signal),
      produce(bus, stop.signal),
      produce(bus, never()),
    ]
    const ends = Promise.allSettled(running)
    // The bus's own questions, those of the producer and those of the consumer are under way.
    await vi.waitFor(() => expect(reached()).toBe(true), 20_000)
    const before = Date.now()
    stop.abort(new Error('stopped'))
    await bus.close()
    expect(await ends).toMatchObject([
      { status: 'rejected', reason: { message: 'stopped' } },
      { status: 'fulfilled' },
      { status: 'rejected', reason: { message: 'stopped' } },
      { status: 'rejected', reason: { name: 'RetryableError', message: expect.stringContaining('the producer was closed') } },
    ])
    expect(Date.now() - before).toBeLessThan(SOON_MS)
  })

  test('what is asked after the stop leaves no failure behind that nobody hears of', async () => {
    const { bus } = openBus('127.0.0.1:1')
    const unheard: unknown[] = []
    const note = (reason: unknown): void => void unheard.push(reason)
    process.on('unhandledRejection', note)
    onTestFinished(() => void process.off('unhandledRejection', note))
    const stopped = AbortSignal.abort(new Error('stopped'))
    await expect(bus.seedGroupOffsets('old', 'new', 't', stopped)).rejects.toThrow('stopped')
    await expect(bus.lag('t', 'g', stopped)).rejects.toThrow('stopped')
    // A question that goes out now fails after those that went out before.
    await expect(bus.lag('t', 'g', never())).rejects.toThrow(/lag of group g in topic t: .*ECONNREFUSED/)
    await sleep(0)
    expect(unheard).toEqual([])
  })

  test('closing ends also what waits for a group to be placed', async () => {
    const { bus } = openBus('127.0.0.1:1')
    const seeding = bus.seedGroupOffsets('old', 'new', 't', never()).then(() => 'placed', String)
    await bus.close()
    expect(await seeding).toMatch(/aborted/)
  })
})

describe('what is told at the start', () => {
  test.each([
    { acks: 'noack', warnings: 1 },
    { acks: 'local', warnings: 1 },
    { acks: 'all', warnings: 0 },
  ])('acks of $acks: $warnings warnings', ({ acks, warnings }) => {
    const { logger } = openBus('127.0.0.1:1', `--kafka.producer.required-acks=${acks}`)
    const found = logger.lines.filter(({ level, message }) => level === 'warn' && /acknowledged data may be lost/.test(message))
    expect(found).toHaveLength(warnings)
  })
})
