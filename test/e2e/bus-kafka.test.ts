import { describeBusContract } from '@clymene/bus/contract'

import { describeWithEngines, startKafka } from '../engines/index.ts'
import { createTopicOf, openKafkaBus } from './kafka-fixture.ts'

describeWithEngines(['kafka'], 'bus on Kafka', () => {
  describeBusContract('kafka', async () => {
    const kafka = await startKafka()
    let topics = 0
    return {
      open: () => Promise.resolve(openKafkaBus(kafka.bootstrap)),
      newTopic: (kind) => createTopicOf(kafka.bootstrap, `${kind}-${topics++}`, { maxMessageBytes: MAX_MESSAGE_BYTES }),
      maxMessageBytes: MAX_MESSAGE_BYTES,
      stop: () => kafka.stop(),
    }
  })
})

const MAX_MESSAGE_BYTES = 1_000_000
