import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

import { Pool } from 'undici'

import type { Answer } from './plan.ts'

/** Stands before a store or a gateway and, while it is told to, answers in its place. */
export type AnswerProxy = {
  readonly url: string
  /** From now on; undefined passes everything on. Requests that hang are cut when it changes. */
  readonly answer: (answer: Answer | undefined) => void
  /** How many requests were answered otherwise than the store did. */
  readonly spoiled: () => number
  readonly close: () => Promise<void>
}

export async function startAnswerProxy(target: string): Promise<AnswerProxy> {
  const pool = new Pool(target, { connections: 32, headersTimeout: 120_000, bodyTimeout: 120_000 })
  const hanging = new Set<ServerResponse>()
  let current: Answer | undefined
  let spoiled = 0

  const pass = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const answer = current
    const body = await buffer(incoming)
    if (answer !== undefined) spoiled++
    if (answer === 'reset') return void response.destroy()
    if (answer === 'hang') {
      hanging.add(response)
      return void response.once('close', () => hanging.delete(response))
    }
    if (answer !== undefined && answer !== 'lost') return void response.writeHead(Number(answer)).end(`${answer} by the proxy\n`)
    const { host: _, connection: _connection, 'transfer-encoding': _encoding, ...headers } = incoming.headers
    const answered = await pool.request({
      method: incoming.method ?? 'GET',
      path: incoming.url ?? '/',
      headers,
      ...(body.length > 0 && { body }),
    })
    const content = Buffer.from(await answered.body.arrayBuffer())
    if (answer === 'lost') return void response.destroy()
    const { connection: _c, 'transfer-encoding': _t, ...answeredHeaders } = answered.headers
    response.writeHead(answered.statusCode, answeredHeaders).end(content)
  }

  // Who is away is away for those who ask the proxy as well.
  const server = createServer((incoming, response) => void pass(incoming, response).catch(() => response.destroy()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server that listens has an AddressInfo
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    answer: (answer) => {
      current = answer
      for (const response of hanging) response.destroy()
    },
    spoiled: () => spoiled,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
      await pool.destroy()
    },
  }
}
