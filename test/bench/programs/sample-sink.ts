/** Answers as a gateway does that has stored everything, or is away, and counts the samples of the bodies that it took. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { createDecompressor, scanWriteRequest } from '@clymene/wire'

import { answerQuestions } from '../program.ts'

export type SampleSinkQuestion = 'listen' | 'count' | 'be away' | 'be there'

const MAX_BYTES = 256 * 1024 * 1024

const decompress = createDecompressor(MAX_BYTES)
let samples = 0
let isAway = false

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    if (isAway) return void response.writeHead(503).end()
    if (request.method === 'POST') samples += scanWriteRequest(decompress(Buffer.concat(chunks))).samples
    response.writeHead(204).end()
    return undefined
  })
})
server.keepAliveTimeout = 120_000

/** The port, or the samples so far. */
answerQuestions<SampleSinkQuestion>(async (question): Promise<number> => {
  if (question === 'be away' || question === 'be there') isAway = question === 'be away'
  if (question !== 'listen') return samples
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server that listens on TCP has such an address
  return (server.address() as AddressInfo).port
})
