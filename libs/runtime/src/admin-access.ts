import { createHash, timingSafeEqual } from 'node:crypto'
import { BlockList, isIP } from 'node:net'

import { ConfigError, errorMessage, type Logger } from '@clymene/model'

import { secretFile, type Secret } from './http-access/secret.ts'
import type { Metrics } from './metrics.ts'
import { createOnceIn } from './once-in.ts'

/** What an admin action is asked with. */
export type AdminRequest = {
  /** Of the socket, never of a header: anybody can write `X-Forwarded-For`. */
  readonly remoteAddress: string | undefined
  /** The header of this name. */
  readonly authorization: string | undefined
}

export type AdminRefusal = { readonly status: 401 | 403 | 503; readonly message: string }

/** Whether an admin action may be done: undefined is yes. */
export type AdminAccess = (request: AdminRequest) => AdminRefusal | undefined

export type AdminAccessOptions = {
  /** `--admin.token-file`, '' is none. It is followed. */
  readonly tokenFile: string
  readonly metrics: Metrics
  readonly logger: Logger
}

/**
 * Admin actions are free from loopback; from elsewhere they need the token of `--admin.token-file` as `Authorization: Bearer`.
 *
 * @throws ConfigError when the file cannot be read at the start.
 */
export function adminAccess({ tokenFile, metrics, logger }: AdminAccessOptions): AdminAccess {
  const token = tokenFile === '' ? undefined : checkedAtStart(tokenFile)
  const refused = metrics.counter(
    'clymene_admin_refused_actions_total',
    'Admin actions, such as a reload, that were refused, by reason: no_token_file, no_token, wrong_token, unreadable_token_file.',
    ['reason'],
  )
  const onceAMinute = createOnceIn(60_000)
  return ({ remoteAddress, authorization }) => {
    if (isLoopback(remoteAddress)) return undefined
    const refusal = refusalOf(token, authorization)
    if (refusal === undefined) return undefined
    const { reason, cause, status, message } = refusal
    refused.inc({ reason })
    onceAMinute(reason, (heldBack) => {
      const of = cause === undefined ? {} : { error: cause }
      logger.warn('an admin action was refused', { peer: remoteAddress, reason, ...of, refusedSince: heldBack })
    })
    return { status, message }
  }
}

function checkedAtStart(tokenFile: string): Secret {
  const token = secretFile(tokenFile)
  try {
    token()
  } catch (error) {
    throw new ConfigError(`--admin.token-file=${JSON.stringify(tokenFile)}: ${errorMessage(error)}`)
  }
  return token
}

type Refusal = AdminRefusal & { readonly reason: string; readonly cause?: string }

function refusalOf(token: Secret | undefined, authorization: string | undefined): Refusal | undefined {
  if (token === undefined) {
    const message =
      'admin actions are taken from loopback only; --admin.token-file=<file> takes them from elsewhere with Authorization: Bearer <token>'
    return { status: 403, reason: 'no_token_file', message }
  }
  const given = /^bearer +(\S.*)$/i.exec(authorization?.trim() ?? '')?.[1]
  if (given === undefined)
    return { status: 401, reason: 'no_token', message: 'expected Authorization: Bearer <token of --admin.token-file>' }
  try {
    // A header comes as a character for each byte.
    if (isSame(Buffer.from(given, 'latin1'), Buffer.from(token()))) return undefined
  } catch (error) {
    return {
      status: 503,
      reason: 'unreadable_token_file',
      message: 'the token cannot be checked now, the log says why',
      cause: errorMessage(error),
    }
  }
  return { status: 401, reason: 'wrong_token', message: 'the token is not that of --admin.token-file' }
}

/** In the same time for every token: neither its length nor where it differs can be measured. */
const isSame = (a: Buffer, b: Buffer): boolean => timingSafeEqual(digest(a), digest(b))
const digest = (content: Buffer): Buffer => createHash('sha256').update(content).digest()

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** 127.0.0.0/8 and ::1; a server that listens on :: gives the first as ::ffff:127.0.0.1. */
function isLoopback(address: string | undefined): boolean {
  const version = address === undefined ? 0 : isIP(address)
  return version !== 0 && LOOPBACK.check(address ?? '', version === 6 ? 'ipv6' : 'ipv4')
}
