/**
 * The least that a gateway has to do, for comparison: node:http, decompress, scan, and kafkajs's own producer with acks=all.
 * No limits, no metrics, no headers but those it passes on, no TLS, no other formats. What comes while a request is on its
 * way to Kafka goes together in the next one.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { createDecompressor, scanWriteRequest } from '@clymene/wire'
import { Kafka, logLevel, Partitioners, type Message } from 'kafkajs'

import { answerQuestions } from '../program.ts'

export type BareGatewayQuestion = { readonly bootstrap: string; readonly topic: string }

type Waiting = { readonly message: Message; readonly done: (error?: unknown) => void }

const decompress = createDecompressor(64 << 20)

answerQuestions<BareGatewayQuestion>(async ({ bootstrap, topic }): Promise<number> => {
  const producer = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING }).producer({
    createPartitioner: Partitioners.DefaultPartitioner,
  })
  await producer.connect()
  let waiting: Waiting[] = []
  let isSending = false

  const send = async (): Promise<void> => {
    if (isSending) return
    isSending = true
    while (waiting.length > 0) {
      const taken = waiting
      waiting = []
      const error = await producer.send({ topic, acks: -1, messages: taken.map(({ message }) => message) }).then(
        () => undefined,
        (failure: unknown) => failure,
      )
      for (const { done } of taken) done(error)
    }
    isSending = false
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const value = Buffer.concat(chunks)
      const { samples } = scanWriteRequest(decompress(value))
      const { 'clymene-agent': agent, 'clymene-sequence': sequence } = request.headers
      const headers = { 'clymene-agent': String(agent), 'clymene-sequence': String(sequence), 'clymene-records': String(samples) }
      const done = (error?: unknown): void => void response.writeHead(error === undefined ? 204 : 503).end()
      waiting.push({ message: { key: String(agent), value, headers }, done })
      void send()
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server that listens on TCP has such an address
  return (server.address() as AddressInfo).port
})
