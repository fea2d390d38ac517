/** kafkajs's own decoders, which the tests of record-batch.ts read its batches with. */
declare module 'kafkajs/src/protocol/decoder.js' {
  export default class Decoder {
    constructor(bytes: Buffer)
  }
}

declare module 'kafkajs/src/protocol/recordBatch/v0/decoder.js' {
  import type { KafkaMessage } from 'kafkajs'
  import type Decoder from 'kafkajs/src/protocol/decoder.js'

  export default function decode(decoder: Decoder): Promise<{ readonly records: readonly KafkaMessage[] }>
}
