/**
 * CPU that an idle bus takes: one consumer on three partitions and a producer that has sent one message. `kafkajs` as first
 * argument measures kafkajs as it is instead (libs/bus/src/kafka/idle-timer.ts says what is changed).
 */
import { setTimeout as sleep } from 'node:timers/promises'

import { createKafkaBus, kafkaConsumerFlags, kafkaConsumerOptions, kafkaProducerFlags, kafkaProducerOptions } from '@clymene/bus'
import { createMetrics, parseFlags, silentLogger } from '@clymene/runtime'
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js'

import { startKafka } from '../engines/index.ts'

const SECONDS = 20
const never = new AbortController().signal

const original = Object.getOwnPropertyDescriptor(RequestQueue.prototype, 'scheduleCheckPendingRequests')!
const kafka = await startKafka({ partitions: 3 })
const argv = [`--kafka.producer.brokers=${kafka.bootstrap}`, `--kafka.consumer.brokers=${kafka.bootstrap}`]
const { values } = parseFlags({ ...kafkaProducerFlags, ...kafkaConsumerFlags }, argv, {})
const bus = createKafkaBus({
  producer: kafkaProducerOptions(values),
  consumer: kafkaConsumerOptions(values),
  kindOf: () => 'metrics',
  metrics: createMetrics(),
  logger: silentLogger,
})
try {
  await bus.produce('idle', [{ kind: 'metrics', key: 'k', value: Buffer.from('v'), headers: {} }], never)
  if (process.argv[2] === 'kafkajs') Object.defineProperty(RequestQueue.prototype, 'scheduleCheckPendingRequests', original)
  const stop = new AbortController()
  const reading = bus.consume('idle', 'g', () => Promise.resolve(), stop.signal)
  await sleep(3000)
  const before = process.cpuUsage()
  await sleep(SECONDS * 1000)
  const { user, system } = process.cpuUsage(before)
  process.stdout.write(`idle bus: ${((user + system) / 1e4 / SECONDS).toFixed(2)}% of a core\n`)
  stop.abort()
  await reading
} finally {
  await bus.close()
  await kafka.stop()
}
