/** Sends remote write bodies over some connections, each one's next when the last is answered, and counts what was acknowledged. */
import { setTimeout as sleep } from 'node:timers/promises'

import { Pool } from 'undici'

import { answerQuestions } from '../program.ts'
import { agentHeaders, makeBlocks, SERIES } from '../traffic.ts'

export type LoadQuestion = { readonly url: string; readonly connections: number; readonly seconds: number; readonly token?: string }
/** Bodies by what became of them: 204, any other answer, none. */
export type LoadAnswer = { readonly samples: number; readonly acknowledged: number; readonly refused: number; readonly failed: number }

const blocks = makeBlocks()
let sent = 0

answerQuestions<LoadQuestion>(async ({ url, connections, seconds, token }): Promise<LoadAnswer> => {
  const { origin, pathname } = new URL(url)
  const pool = new Pool(origin, { connections, pipelining: 1, headersTimeout: 60_000 })
  const until = Date.now() + seconds * 1000
  const content = { 'content-encoding': 'snappy', 'content-type': 'application/x-protobuf' }
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  let acknowledged = 0
  let refused = 0
  let failed = 0
  const sender = async (agent: number): Promise<void> => {
    while (Date.now() < until) {
      const sequence = ++sent
      try {
        const { statusCode, body } = await pool.request({
          method: 'POST',
          path: pathname,
          headers: { ...content, ...authorization, ...agentHeaders(agent, sequence) },
          body: blocks[sequence % blocks.length]!,
        })
        await body.dump()
        if (statusCode === 204) acknowledged++
        else {
          refused++
          await sleep(50)
        }
      } catch {
        failed++
        await sleep(50)
      }
    }
  }
  await Promise.all(Array.from({ length: connections }, (_, agent) => sender(agent)))
  await pool.close()
  return { samples: acknowledged * SERIES, acknowledged, refused, failed }
})
