import { isIP } from 'node:net'
import { checkServerIdentity, createSecureContext, type PeerCertificate } from 'node:tls'

import { createRenewed, parseAddress, type Renewed, type TlsOptions } from '@clymene/runtime'
import { Client, credentials, type ChannelCredentials, type ClientOptions } from '@grpc/grpc-js'

/** One gateway, `host:port`; calls go over a connection with the certificates of now. */
export type GrpcPeer = Renewed<Client> & { readonly address: string }

export type GrpcPeerOptions = {
  readonly address: string
  readonly channel: ClientOptions
  /** A new object whenever the files have changed; undefined is plain text. @throws Error naming a file */
  readonly tls: (() => TlsOptions) | undefined
}

export const createGrpcPeer = ({ address, channel, tls }: GrpcPeerOptions): GrpcPeer => ({
  address,
  ...createRenewed({
    tls,
    open: (wanted) => new Client(address, ...clientOptions(address, wanted, channel)),
    close: (client) => client.close(),
  }),
})

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
