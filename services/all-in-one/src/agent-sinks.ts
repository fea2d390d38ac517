import type { Logger } from '@clymene/model'
import { formatAddress, type Address, type Metrics } from '@clymene/runtime'
import { openStorages, parseServiceFlags, type OpenedStorages } from '@clymene/storages'

import { reachable } from './built-in-configs.ts'

/** Where the gateway of this process listens, and a token that it takes when it asks for one. */
export type GatewayAccess = { readonly address: Address; readonly token: string | undefined }

export type AgentSinksOptions = {
  readonly gateway: GatewayAccess
  readonly logger: Logger
  readonly metrics: Metrics
  readonly version: string
}

/** The agent's way out: the gateway of this process, by HTTP like any other agent's. */
export async function openAgentSinks({ gateway, logger, metrics, version }: AgentSinksOptions): Promise<OpenedStorages> {
  const user = gateway.token === undefined ? '' : `own:${gateway.token}@`
  const base = `http://${user}${formatAddress({ host: reachable(gateway.address.host), port: gateway.address.port })}`
  const argv = [
    '--gateway.service-type=http',
    `--gateway.http-client.url=${base}/api/metrics`,
    `--gateway.http-client.logs.url=${base}/api/logs`,
  ]
  const { selection, storageValues } = parseServiceFlags({ flags: {}, defaultStorages: 'gateway' }, argv, {})
  return openStorages({ selection, values: storageValues, logger, version, metrics })
}
