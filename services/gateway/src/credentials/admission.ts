import { statSync } from 'node:fs'

import { ConfigError, errorMessage, type Logger } from '@clymene/model'
import { createMetrics, createOnceIn, silentLogger, type Metrics } from '@clymene/runtime'
import { status as grpcStatus } from '@grpc/grpc-js'

import { FORBIDDEN, type Answer } from '../answer.ts'
import type { ClientCertificates, Peer } from './client-certificates.ts'
import { createFollowed } from './followed.ts'
import { parseTokensFile } from './tokens-file.ts'
import { grantOf, presentedToken, sha256, type Grant } from './tokens.ts'

/** Who may write. */
export type Admission = {
  /** Before anything of a request is read: what its token allows, or what the sender is told instead. */
  readonly admit: (request: Arrival) => { readonly grant: Grant | undefined; readonly refusal?: Answer }
  /** Tells in the log of a request that its token does not allow, as of one without a good token: once in ten seconds for each peer. */
  readonly forbidden: (request: Pick<Arrival, 'protocol' | 'peer'>, reason: string) => void
  /** Looks whether the tokens have changed. */
  readonly look: () => void
}

export type Arrival = {
  readonly protocol: 'http' | 'grpc'
  readonly authorization: string | undefined
  readonly peer: Peer
  readonly certificates: ClientCertificates | undefined
}

export type AdmissionOptions = {
  /** '' takes everybody. */
  readonly tokensFile: string
  /** The token of a sender inside of this process. */
  readonly ownToken: string | undefined
  readonly metrics: Metrics
  readonly logger: Logger
}

/** @throws ConfigError for a file that cannot be used */
export function createAdmission({ tokensFile, ownToken, metrics, logger }: AdmissionOptions): Admission {
  const tokens = tokensFile === '' ? undefined : followTokens(tokensFile, metrics, logger)
  const own = ownToken === undefined ? [] : [{ sha256: sha256(ownToken), grant: OWN }]
  const onceIn = createOnceIn(10_000)
  const tell = (status: number, { protocol, peer }: Pick<Arrival, 'protocol' | 'peer'>, error: string): void =>
    onceIn(`${protocol} ${status} ${peer.remoteAddress}`, (repeated) =>
      logger.warn('sender refused', { protocol, peer: peer.remoteAddress, status, error, repeated }),
    )
  const refuse = (answer: Answer, arrival: Arrival, error: string) => {
    tell(answer.http, arrival, error)
    return { grant: undefined, refusal: answer }
  }
  return {
    look: () => tokens?.look(),
    forbidden: (request, reason) => tell(FORBIDDEN.http, request, reason),
    admit: (arrival) => {
      const reason = arrival.certificates?.refusalOf(arrival.peer)
      // The connection was told of.
      if (reason !== undefined) return { grant: undefined, refusal: { ...NO_CERTIFICATE, reason } }
      if (tokens === undefined) return { grant: undefined }
      const token = presentedToken(arrival.authorization)
      if (token === undefined)
        return refuse(NO_TOKEN, arrival, arrival.authorization === undefined ? 'no token' : 'no token that can be read')
      const grant = grantOf([...tokens.current(), ...own], token)
      return grant === undefined ? refuse(NO_TOKEN, arrival, 'a token that is not in --auth.tokens-file') : { grant }
    },
  }
}

const OWN: Grant = { name: 'own', cluster: undefined, tenant: undefined }

const NO_TOKEN: Answer = {
  http: 401,
  grpc: grpcStatus.UNAUTHENTICATED,
  reason: 'expected a token that this gateway accepts (Authorization: Bearer …, or Basic with the token as password)',
}

/**
 * As after a handshake that failed, every sender keeps what it has and tries again: 401 or 403 would make Prometheus and others drop it,
 * and here nothing but a date has to have passed.
 */
const NO_CERTIFICATE: Answer = { http: 503, grpc: grpcStatus.UNAUTHENTICATED, reason: '', retryAfter: 5 }

/** @throws ConfigError with every mistake in the file */
export const checkTokensFile = (path: string): void => void (path === '' ? undefined : followTokens(path, createMetrics(), silentLogger))

function followTokens(path: string, metrics: Metrics, logger: Logger) {
  try {
    return createFollowed({
      what: 'tokens',
      paths: [path],
      read: ([content]) => {
        const { entries, isSecret } = parseTokensFile(content?.toString('utf8') ?? '', path)
        if (isSecret && (statSync(path).mode & 0o004) !== 0)
          logger.warn('everybody on this machine may read the tokens: take the right to read from others, or give sha256', { path })
        return entries
      },
      metrics,
      logger,
    })
  } catch (error) {
    if (error instanceof ConfigError) throw error
    throw new ConfigError(`--auth.tokens-file=${JSON.stringify(path)}: ${errorMessage(error)}`)
  }
}
