/** Fills a topic of three partitions with lines of some agents, as a gateway of ours leaves them there. */
import { createKafkaBus, kafkaProducerFlags, kafkaProducerOptions } from '@clymene/bus'
import { PROTOBUF } from '@clymene/model'
import { createMetrics, parseFlags, silentLogger } from '@clymene/runtime'
import { compress, decodePushRequest } from '@clymene/wire'

import { makePushRequest } from '../bodies.ts'
import { answerQuestions } from '../program.ts'

export type FillLogsQuestion = { readonly bootstrap: string; readonly topic: string; readonly lineBytes: number }
export type FillLogsAnswer = {
  /** Of the lines alone. */
  readonly lineBytes: number
  /** Of everything that stands there, before compression. */
  readonly uncompressedBytes: number
}

const AGENTS = 8
const GIVE_UP_MS = 60_000
/** A batch of an agent is full with 1 MiB: this is a little more than half of that. */
const STREAMS = 40
const ENTRIES = 100
const BODIES = 8

answerQuestions<FillLogsQuestion>(async ({ bootstrap, topic, lineBytes }): Promise<FillLogsAnswer> => {
  const flags = [`--kafka.producer.brokers=${bootstrap}`, '--kafka.producer.topic-partitions=3']
  const bus = createKafkaBus({
    producer: kafkaProducerOptions(parseFlags(kafkaProducerFlags, flags, {}).values),
    kindOf: () => 'logs',
    metrics: createMetrics(),
    logger: silentLogger,
  })
  const messages = Array.from({ length: BODIES }, (_, index) =>
    makePushRequest({ streams: STREAMS, entries: ENTRIES, timestampNs: 1_700_000_000_000_000_000n, seed: index + 1 }),
  )
  const blocks = messages.map((message) => compress(message))
  const lines = messages.map(linesOf)
  const each = Math.ceil(lineBytes / lines[0]! / AGENTS)
  let sentLines = 0
  let sentBytes = 0
  const send = async (agent: number): Promise<void> => {
    for (let sequence = 1; sequence <= each; sequence++) {
      const body = sequence % BODIES
      const headers = {
        contentType: PROTOBUF,
        cluster: 'bench-cluster',
        agent: `agent-${agent}`,
        epoch: 1_700_000_000_000,
        sequence,
        records: STREAMS * ENTRIES,
        scanned: true,
      }
      await bus.produce(
        topic,
        [{ kind: 'logs', key: `/bench/agent-${agent}/`, value: blocks[body]!, headers }],
        AbortSignal.timeout(GIVE_UP_MS),
      )
      sentLines += lines[body]!
      sentBytes += messages[body]!.length
    }
  }
  await Promise.all(Array.from({ length: AGENTS }, (_, agent) => send(agent)))
  await bus.close()
  return { lineBytes: sentLines, uncompressedBytes: sentBytes }
})

function linesOf(message: Buffer): number {
  const entries = decodePushRequest(message).flatMap((stream) => stream.entries)
  return entries.reduce((sum, { line }) => sum + Buffer.byteLength(line), 0)
}
