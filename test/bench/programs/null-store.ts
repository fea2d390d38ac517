/** Takes every remote write body and throws it away; knows how many bytes they were before compression. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { uncompressedLength } from '@clymene/wire'

import { answerQuestions } from '../program.ts'

export type NullStoreQuestion = 'listen' | 'count'

let uncompressedBytes = 0

const server = createServer((request, response) => {
  let first: Buffer | undefined
  request.on('data', (chunk: Buffer) => {
    first ??= chunk
  })
  request.on('end', () => {
    if (first !== undefined) uncompressedBytes += uncompressedLength(first)
    response.writeHead(204).end()
  })
})

answerQuestions<NullStoreQuestion>(async (question): Promise<number> => {
  if (question === 'count') return uncompressedBytes
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server that listens on TCP has such an address
  return (server.address() as AddressInfo).port
})
