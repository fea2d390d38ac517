import { isIP } from 'node:net'
import { checkServerIdentity, createSecureContext, type PeerCertificate } from 'node:tls'

import { errorMessage, RetryableError } from '@clymene/model'
import { parseAddress, type TlsOptions } from '@clymene/runtime'
import { Client, credentials, type ChannelCredentials, type ClientOptions } from '@grpc/grpc-js'

/** One gateway: its connection is opened with the certificates of now. */
export type GrpcPeer = {
  /** `host:port`. */
  readonly address: string
  /** Runs a call with the client of now. @throws RetryableError when the files of the certificates cannot be used */
  readonly use: <T>(call: (client: Client) => Promise<T>) => Promise<T>
  readonly close: () => void
}

export type GrpcPeerOptions = {
  readonly address: string
  readonly channel: ClientOptions
  /** A new object whenever the files have changed; undefined is plain text. @throws Error naming a file */
  readonly tls: (() => TlsOptions) | undefined
}

type Opened = { readonly client: Client; readonly tls: TlsOptions | undefined; calls: number }

/**
 * A channel keeps the certificates that it was made with. When they change, calls go over a new one from then on; the old one is
 * closed when the last of its calls is answered.
 */
export function createGrpcPeer({ address, channel, tls }: GrpcPeerOptions): GrpcPeer {
  let current: Opened | undefined
  const closeWhenDone = (opened: Opened): void => {
    if (opened !== current && opened.calls === 0) opened.client.close()
  }
  const open = (): Opened => {
    try {
      const wanted = tls?.()
      if (current !== undefined && current.tls === wanted) return current
      const before = current
      current = { client: new Client(address, ...clientOptions(address, wanted, channel)), tls: wanted, calls: 0 }
      if (before !== undefined) closeWhenDone(before)
      return current
    } catch (error) {
      throw new RetryableError(`${address}: no connection can be opened: ${errorMessage(error)}`, { cause: error, needsOperator: true })
    }
  }
  return {
    address,
    use: async (call) => {
      const opened = open()
      opened.calls++
      try {
        return await call(opened.client)
      } finally {
        opened.calls--
        closeWhenDone(opened)
      }
    },
    close: () => {
      const last = current
      current = undefined
      last?.client.close()
    },
  }
}

/**
 * Sent as the server's name when the address is one of numbers: TLS has no such names (RFC 6066 §3) and Node refuses them, but grpc-js
 * cannot leave it out. The certificate is checked against the address.
 */
const NO_NAME = 'unnamed.invalid'

const byName = (host: string, certificate: PeerCertificate): Error | undefined => checkServerIdentity(host, certificate)

function clientOptions(address: string, tls: TlsOptions | undefined, channel: ClientOptions): [ChannelCredentials, ClientOptions] {
  if (tls === undefined) return [credentials.createInsecure(), channel]
  const { host } = parseAddress(address)
  const { servername, rejectUnauthorized, checkServerIdentity: check = byName, ...context } = tls
  const channelCredentials = credentials.createFromSecureContext(createSecureContext(context), {
    rejectUnauthorized,
    // grpc-js would ask for the name that it sends.
    checkServerIdentity: (_, certificate) => check(servername ?? host, certificate),
  })
  const name = servername ?? (isIP(host) === 0 ? undefined : NO_NAME)
  return [
    channelCredentials,
    {
      ...channel,
      ...(name === undefined ? {} : { 'grpc.ssl_target_name_override': name }),
      ...(servername === undefined ? {} : { 'grpc.default_authority': servername }),
    },
  ]
}
