/** Answers as Elasticsearch does when it stores everything, and throws it away; knows how many documents they were. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { answerQuestions } from '../program.ts'

export type NullElasticsearchQuestion = 'listen' | 'count'

const LINE_END = 10

let documents = 0
const answers = new Map<number, Buffer>()

const server = createServer((request, response) => {
  let lines = 0
  request.on('data', (chunk: Buffer) => {
    for (let at = chunk.indexOf(LINE_END); at !== -1; at = chunk.indexOf(LINE_END, at + 1)) lines++
  })
  request.on('end', () => {
    const isBulk = request.url?.startsWith('/_bulk') === true
    if (isBulk) documents += lines / 2
    response
      .setHeader('x-elastic-product', 'Elasticsearch')
      .setHeader('content-type', 'application/vnd.elasticsearch+json;compatible-with=8')
    response.end(isBulk ? answerTo(lines / 2) : '{"acknowledged":true}')
  })
})

/** With the `filter_path` of our requests: a status for each document and nothing else. */
function answerTo(count: number): Buffer {
  const known = answers.get(count)
  if (known !== undefined) return known
  const answer = Buffer.from(`{"items":[${Array.from({ length: count }, () => '{"create":{"status":201}}').join(',')}]}`)
  answers.set(count, answer)
  return answer
}

answerQuestions<NullElasticsearchQuestion>(async (question): Promise<number> => {
  if (question === 'count') return documents
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server that listens on TCP has such an address
  return (server.address() as AddressInfo).port
})
