/** Answers as a gateway does that has stored everything, and counts the entries and the bytes of lines that it took. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { createDecompressor, scanPushRequest } from '@clymene/wire'

import { answerQuestions } from '../program.ts'

export type LogSinkQuestion = 'listen' | 'count'
export type LogSinkAnswer = { readonly port: number; readonly entries: number; readonly largestBody: number }

const MAX_BYTES = 256 * 1024 * 1024

const decompress = createDecompressor(MAX_BYTES)
let entries = 0
let largestBody = 0

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    if (request.method === 'POST') {
      const body = decompress(Buffer.concat(chunks))
      entries += scanPushRequest(body).entries
      largestBody = Math.max(largestBody, body.length)
    }
    response.writeHead(204).end()
  })
})
server.keepAliveTimeout = 120_000

answerQuestions<LogSinkQuestion>(async (question): Promise<LogSinkAnswer> => {
  if (question === 'listen') await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server that listens on TCP has such an address
  return { port: (server.address() as AddressInfo).port, entries, largestBody }
})
