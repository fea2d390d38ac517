import { ConfigError, errorCode } from '@clymene/model'
import type { FastifyInstance } from 'fastify'

import { formatAddress, type Address } from './flag.ts'

/**
 * Starts a server and returns the address it got (port 0 becomes the picked one).
 *
 * @throws ConfigError naming the flag that changes the address, when the port is taken or the address is not of this machine.
 */
export async function listen(server: FastifyInstance, address: Address, flagName: string): Promise<Address> {
  try {
    await server.listen({ host: address.host === '' ? '::' : address.host, port: address.port })
  } catch (error) {
    throw listenError(error, address, flagName)
  }
  const bound = server.server.address()
  return { host: address.host, port: typeof bound === 'object' && bound !== null ? bound.port : address.port }
}

/** Names the flag in what `listen(2)` said; other errors come back as they are. */
export function listenError(error: unknown, address: Address, flagName: string): unknown {
  const code = errorCode(error)
  const reason = LISTEN_ERRORS[code]
  if (reason === undefined) return error
  return new ConfigError(`--${flagName}=${formatAddress(address)}: ${reason}; choose another address with --${flagName}`)
}

const LISTEN_ERRORS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use by another process',
  EADDRNOTAVAIL: 'this machine does not have that address',
  EACCES: 'no permission to listen there (ports below 1024 need a privilege)',
  ENOTFOUND: 'the host name cannot be resolved',
}
