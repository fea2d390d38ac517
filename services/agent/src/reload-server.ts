import { ConfigError, type Logger } from '@clymene/model'
import { listen, type Address } from '@clymene/runtime'
import fastify from 'fastify'

export type ReloadServerOptions = {
  readonly address: Address
  readonly flagName: string
  /** Reads the configuration anew. @throws ConfigError when it is wrong: the old one then goes on. */
  readonly reload: () => Promise<void>
  readonly logger: Logger
}

export type ReloadServer = { readonly address: Address; readonly close: () => Promise<void> }

/** `POST /api/reload` of the original: 200, or 400 with every mistake. */
export async function startReloadServer({ address, flagName, reload, logger }: ReloadServerOptions): Promise<ReloadServer> {
  const server = fastify({ forceCloseConnections: true, requestTimeout: 30_000, bodyLimit: 1024 })
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', (_request, _body, done) => done(null))
  server.post('/api/reload', async (_request, reply) => {
    try {
      await reload()
      logger.info('configuration read anew')
      return await reply.type('text/plain').send('config reload, success\n')
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      logger.error('configuration refused, the old one goes on', { error: error.message })
      return reply.code(400).type('text/plain').send(`${error.message}\n`)
    }
  })
  server.setNotFoundHandler((request, reply) =>
    request.url.split('?')[0] === '/api/reload'
      ? reply.code(405).header('allow', 'POST').type('text/plain').send('/api/reload takes POST\n')
      : reply.code(404).type('text/plain').send('no such path, expected POST /api/reload\n'),
  )
  return { address: await listen(server, address, flagName), close: () => server.close() }
}
