/** Fills a topic of three partitions with write requests of some agents, as a gateway of ours leaves them there. */
import { createKafkaBus, kafkaProducerFlags, kafkaProducerOptions } from '@clymene/bus'
import { PROTOBUF, type Envelope } from '@clymene/model'
import { createMetrics, parseFlags, silentLogger } from '@clymene/runtime'
import { uncompressedLength } from '@clymene/wire'

import { answerQuestions } from '../program.ts'
import { makeBlocks, SERIES } from '../traffic.ts'

export type FillQuestion = { readonly bootstrap: string; readonly topic: string; readonly samples: number }
/** What stands there, before compression. */
export type FillAnswer = { readonly samples: number; readonly uncompressedBytes: number }

const AGENTS = 8
const GIVE_UP_MS = 60_000

answerQuestions<FillQuestion>(async ({ bootstrap, topic, samples }): Promise<FillAnswer> => {
  const { values } = parseFlags(kafkaProducerFlags, [`--kafka.producer.brokers=${bootstrap}`, '--kafka.producer.topic-partitions=3'], {})
  const bus = createKafkaBus({
    producer: kafkaProducerOptions(values),
    kindOf: () => 'metrics',
    metrics: createMetrics(),
    logger: silentLogger,
  })
  const blocks = makeBlocks()
  const each = Math.ceil(samples / SERIES / AGENTS)
  const send = async (agent: number): Promise<void> => {
    for (let sequence = 1; sequence <= each; sequence++) {
      const envelope: Envelope = {
        kind: 'metrics',
        key: `/bench/agent-${agent}/`,
        value: blocks[sequence % blocks.length]!,
        headers: {
          contentType: PROTOBUF,
          cluster: 'bench',
          agent: `agent-${agent}`,
          epoch: 1_700_000_000_000,
          sequence,
          records: SERIES,
          scanned: true,
        },
      }
      await bus.produce(topic, [envelope], AbortSignal.timeout(GIVE_UP_MS))
    }
  }
  await Promise.all(Array.from({ length: AGENTS }, (_, agent) => send(agent)))
  await bus.close()
  const bodies = each * AGENTS
  return { samples: bodies * SERIES, uncompressedBytes: bodies * uncompressedLength(blocks[0]!) }
})
