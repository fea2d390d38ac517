import type { FlagSet } from '@clymene/model'
import { flag } from '@clymene/runtime'

const TLS_HELP = {
  enabled: 'Serve TLS, 1.2 or newer',
  cert: 'PEM file of the server certificate and those between it and its authority; read again when it changes',
  key: 'PEM file of the key of the server certificate; read again when it changes',
  clientCa: 'PEM file of the authorities whose clients may write, read again when it changes; when set, a client certificate is required',
}

/** Where the gateway listens. The names and defaults are the original's. */
export const gatewayServerFlags = {
  'gateway.grpc-server.host-port': flag.address(':15610', 'Listen address of the gRPC server'),
  'gateway.http-server.host-port': flag.address(':15611', 'Listen address of the HTTP server'),
  'gateway.grpc-server.tls.enabled': flag.bool(false, TLS_HELP.enabled),
  'gateway.grpc-server.tls.cert': flag.file('', TLS_HELP.cert),
  'gateway.grpc-server.tls.key': flag.file('', TLS_HELP.key),
  'gateway.grpc-server.tls.client-ca': flag.file('', TLS_HELP.clientCa),
  'gateway.http-server.tls.enabled': flag.bool(false, TLS_HELP.enabled),
  'gateway.http-server.tls.cert': flag.file('', TLS_HELP.cert),
  'gateway.http-server.tls.key': flag.file('', TLS_HELP.key),
  'gateway.http-server.tls.client-ca': flag.file('', TLS_HELP.clientCa),
} satisfies FlagSet

/** Who may write. */
export const gatewayAuthFlags = {
  'auth.tokens-file': flag.file(
    '',
    'YAML file of the tokens that senders present by HTTP and gRPC, read again when it changes; empty takes everybody (docs/credentials.md)',
  ),
} satisfies FlagSet

/** What a sender may ask for. */
export const gatewayLimitFlags = {
  'gateway.max-bytes-in-flight': flag.bytes(
    '64MiB',
    'Bytes of all requests that are not answered yet; beyond it 503 or RESOURCE_EXHAUSTED',
  ),
  'gateway.max-body-bytes': flag.bytes('8MiB', 'Largest body as received; beyond it 413 or RESOURCE_EXHAUSTED'),
  'gateway.max-decompressed-bytes': flag.bytes('64MiB', 'Largest body after decompression; beyond it 413 or INVALID_ARGUMENT'),
  'gateway.max-unzipped-bytes': flag.bytes('16MiB', 'Largest gzip body after decompression; beyond it 413'),
  'gateway.write-timeout': flag.duration(
    '20s',
    'How long a request waits for the bus or the storages before it is answered 503; senders of the original give up after 10s',
  ),
  'gateway.header-timeout': flag.duration('10s', 'Time to send the headers of a request'),
  'gateway.body-timeout': flag.duration('30s', 'Time to send a whole request'),
  'gateway.idle-timeout': flag.duration('75s', 'How long an idle connection is kept'),
  'gateway.max-connection-age': flag.duration(
    '10m',
    'Age, varied by 10%, at which a connection is closed so that senders spread over new replicas; 0 is never',
  ),
  'gateway.max-connections': flag.int(1000, 'Connections to the HTTP server at a time'),
  'gateway.drain-timeout': flag.duration('5s', 'How long requests may finish when the gateway stops'),
} satisfies FlagSet
