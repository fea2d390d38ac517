import { ConfigError } from '@clymene/model'
import { listen, type Address, type AdminAccess, type AdminAction } from '@clymene/runtime'
import fastify from 'fastify'

export type ReloadServerOptions = {
  readonly address: Address
  readonly flagName: string
  /** Who may ask for it. */
  readonly access: AdminAccess
  /** Reads the configuration anew. @throws ConfigError when it is wrong: the old one then goes on. */
  readonly reload: () => Promise<void>
}

export type ReloadServer = { readonly address: Address; readonly close: () => Promise<void> }

/** `POST /api/reload` of the original: 200, or 400 with every mistake; 401, 403 or 503 to who may not ask for it. */
export async function startReloadServer({ address, flagName, access, reload }: ReloadServerOptions): Promise<ReloadServer> {
  const server = fastify({ forceCloseConnections: true, requestTimeout: 30_000, bodyLimit: 1024 })
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', (_request, _body, done) => done(null))
  const answer = reloadAnswer(access, reload)
  server.post('/api/reload', async (request, reply) => {
    const peer = { remoteAddress: request.socket.remoteAddress, authorization: request.headers.authorization }
    const { status = 200, type, headers = {}, body } = await answer(peer)
    return reply.code(status).type(type).headers(headers).send(body)
  })
  server.setNotFoundHandler((request, reply) =>
    request.url.split('?')[0] === '/api/reload'
      ? reply.code(405).header('allow', 'POST').type('text/plain').send('/api/reload takes POST\n')
      : reply.code(404).type('text/plain').send('no such path, expected POST /api/reload\n'),
  )
  return { address: await listen(server, address, flagName), close: () => server.close() }
}

/** What becomes of a POST that asks for a reload. Rejects when something else went wrong than the configuration. */
export const reloadAnswer =
  (access: AdminAccess, reload: () => Promise<void>): AdminAction =>
  async (peer) => {
    const refusal = access(peer)
    if (refusal !== undefined) {
      const { status, message } = refusal
      return { status, type: TEXT, headers: status === 401 ? { 'www-authenticate': 'Bearer' } : {}, body: `${message}\n` }
    }
    try {
      await reload()
      return { type: TEXT, body: 'config reload, success\n' }
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      return { status: 400, type: TEXT, body: `${error.message}\n` }
    }
  }

const TEXT = 'text/plain'
