/** kafkajs's own decoders, for what is fetched outside its consumers. */
declare module 'kafkajs/src/protocol/decoder.js' {
  type Decoder = { readonly offset: number }
  const Decoder: new (bytes: Buffer) => Decoder
  export default Decoder
}

declare module 'kafkajs/src/protocol/recordBatch/v0/decoder.js' {
  import type { KafkaMessage } from 'kafkajs'
  import type Decoder from 'kafkajs/src/protocol/decoder.js'

  export type DecodedMessage = KafkaMessage & { readonly isControlRecord: boolean }
  export default function decode(decoder: Decoder): Promise<{ readonly records: readonly DecodedMessage[] }>
}

declare module 'kafkajs/src/consumer/filterAbortedMessages.js' {
  import type { DecodedMessage } from 'kafkajs/src/protocol/recordBatch/v0/decoder.js'

  export default function filter(fetched: {
    readonly messages: readonly DecodedMessage[]
    readonly abortedTransactions: readonly { readonly producerId: string; readonly firstOffset: string }[]
  }): readonly DecodedMessage[]
}
