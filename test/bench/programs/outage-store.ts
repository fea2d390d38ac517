/**
 * A store that counts and forgets: remote write under /metrics, Loki's push under /logs. It knows how old each message is when it comes, by
 * the time that its sender wrote into it. Asked to be away it answers 503.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { createDecompressor, scanPushRequest, scanWriteRequest } from '@clymene/wire'

import { readSentTimes } from '../outage-messages.ts'
import { answerQuestions } from '../program.ts'

export type OutageStoreQuestion = 'listen' | 'away' | 'back' | 'count' | 'ages'
/** Samples or lines, and the bodies they came in, since the start; port of `listen`; ages in ms since the last time that was asked. */
export type OutageStoreAnswer = {
  readonly port?: number
  readonly records?: number
  readonly bodies?: number
  readonly ages?: readonly number[]
}

const decompress = createDecompressor(64 << 20)
let isAway = false
let records = 0
let bodies = 0
let ages: number[] = []

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    if (isAway) {
      response.writeHead(503).end('away')
      return
    }
    // It is asked whether it is there.
    if (chunks.length === 0) {
      response.writeHead(204).end()
      return
    }
    const body = decompress(Buffer.concat(chunks))
    records += request.url === '/logs' ? scanPushRequest(body).entries : scanWriteRequest(body).samples
    bodies++
    const now = Date.now()
    for (const sent of readSentTimes(body)) ages.push(now - sent)
    response.writeHead(204).end()
  })
})

answerQuestions<OutageStoreQuestion>(async (question): Promise<OutageStoreAnswer> => {
  if (question === 'count') return { records, bodies }
  if (question === 'ages') {
    const taken = ages
    ages = []
    return { ages: taken }
  }
  if (question !== 'listen') {
    isAway = question === 'away'
    return {}
  }
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server that listens on TCP has such an address
  return { port: (server.address() as AddressInfo).port }
})
