/** Fills both topics at a steady rate, as gateways do: some agents, numbered, each message on its own. */
import { setTimeout as sleep } from 'node:timers/promises'

import { createKafkaBus, kafkaProducerFlags, kafkaProducerOptions } from '@clymene/bus'
import { PROTOBUF, type Kind } from '@clymene/model'
import { createMetrics, parseFlags, silentLogger } from '@clymene/runtime'

import { createTimedMessages, MESSAGE_LINES, MESSAGE_SAMPLES } from '../outage-messages.ts'
import { answerQuestions } from '../program.ts'

export type OutageLoadQuestion =
  | { readonly bootstrap: string; readonly samplesPerSecond: number; readonly linesPerSecond: number }
  | 'count'
  | 'stop'
/** What Kafka has acknowledged. */
export type OutageLoadAnswer = { readonly samples: number; readonly lines: number }

const AGENTS = 8
const TURN_MS = 20
const GIVE_UP_MS = 60_000

const { samples, lines } = createTimedMessages()
const acknowledged = { samples: 0, lines: 0 }
let stopping = false
let running: Promise<unknown> = Promise.resolve()

answerQuestions<OutageLoadQuestion>(async (question): Promise<OutageLoadAnswer> => {
  if (question === 'stop') {
    stopping = true
    await running
  } else if (question !== 'count') running = run(question)
  return { ...acknowledged }
})

async function run(options: Exclude<OutageLoadQuestion, string>): Promise<void> {
  const { values } = parseFlags(
    kafkaProducerFlags,
    [`--kafka.producer.brokers=${options.bootstrap}`, '--kafka.producer.topic-partitions=3'],
    {},
  )
  const producer = kafkaProducerOptions(values)
  const bus = createKafkaBus({
    producer,
    kindOf: (topic) => (topic === 'clymene-logs' ? 'logs' : 'metrics'),
    metrics: createMetrics(),
    logger: silentLogger,
  })
  const waiting = new Set<Promise<void>>()
  let sequence = 0
  const send = (kind: Kind): void => {
    const agent = `agent-${++sequence % AGENTS}`
    const records = kind === 'metrics' ? MESSAGE_SAMPLES : MESSAGE_LINES
    const envelope = {
      kind,
      key: `/outage/${agent}/`,
      value: kind === 'metrics' ? samples(Date.now()) : lines(Date.now()),
      headers: { contentType: PROTOBUF, cluster: 'outage', agent, epoch: 1_700_000_000_000, sequence, records, scanned: true },
    }
    const sent = bus
      .produce(kind === 'metrics' ? 'clymene' : 'clymene-logs', [envelope], AbortSignal.timeout(GIVE_UP_MS))
      .then(() => {
        acknowledged[kind === 'metrics' ? 'samples' : 'lines'] += records
      })
      .finally(() => waiting.delete(sent))
    waiting.add(sent)
  }
  const start = Date.now()
  const due = { metrics: 0, logs: 0 }
  while (!stopping) {
    const seconds = (Date.now() - start) / 1000
    for (; due.metrics < seconds * options.samplesPerSecond; due.metrics += MESSAGE_SAMPLES) send('metrics')
    for (; due.logs < seconds * options.linesPerSecond; due.logs += MESSAGE_LINES) send('logs')
    await sleep(TURN_MS)
  }
  await Promise.all(waiting)
  await bus.close()
}
