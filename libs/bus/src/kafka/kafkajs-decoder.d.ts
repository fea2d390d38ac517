/** kafkajs's own decoders, which the tests of record-batch.ts read its batches with. */
declare module 'kafkajs/src/protocol/decoder.js' {
  type Decoder = { readonly offset: number }
  const Decoder: new (bytes: Buffer) => Decoder
  export default Decoder
}

declare module 'kafkajs/src/protocol/recordBatch/v0/decoder.js' {
  import type { KafkaMessage } from 'kafkajs'
  import type Decoder from 'kafkajs/src/protocol/decoder.js'

  export default function decode(decoder: Decoder): Promise<{ readonly records: readonly KafkaMessage[] }>
}
