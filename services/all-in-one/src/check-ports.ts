import { createServer, type Server } from 'node:net'

import { ConfigError, errorMessage } from '@clymene/model'
import { formatAddress, listenError, type Address } from '@clymene/runtime'

/**
 * Listens on every address for a moment, so that all that are taken are told at once: a second all-in-one finds all of its ports in use.
 *
 * @param addresses by the name of the flag that changes them
 * @throws ConfigError naming the flag of each address that cannot be had
 */
export async function checkPorts(addresses: ReadonlyMap<string, Address>): Promise<void> {
  const mistakes: string[] = []
  const servers: Server[] = []
  for (const [flagName, address] of distinct(addresses, mistakes)) {
    try {
      servers.push(await listening(address))
    } catch (error) {
      mistakes.push(errorMessage(listenError(error, address, flagName)))
    }
  }
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  if (mistakes.length > 0) throw new ConfigError(mistakes)
}

/** Without those that an earlier flag has taken: they are a mistake of their own. */
function distinct(addresses: ReadonlyMap<string, Address>, mistakes: string[]): readonly (readonly [string, Address])[] {
  const flagOf = new Map<string, string>()
  return [...addresses].filter(([flagName, address]) => {
    const text = formatAddress(address)
    const first = flagOf.get(text)
    if (address.port === 0 || first === undefined) {
      flagOf.set(text, flagName)
      return true
    }
    mistakes.push(`--${flagName}=${text}: --${first} has the same address, expected one of its own`)
    return false
  })
}

const listening = ({ host, port }: Address): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ host: host === '' ? '::' : host, port }, () => resolve(server))
  })
