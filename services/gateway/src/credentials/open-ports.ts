import type { FlagValues, Logger } from '@clymene/model'
import { formatAddress } from '@clymene/runtime'

import type { gatewayAuthFlags, gatewayServerFlags } from '../flags.ts'

/** Says at the start who may write, as far as that may surprise. */
export function warnOfOpenPorts(flags: FlagValues<typeof gatewayServerFlags & typeof gatewayAuthFlags>, logger: Logger): void {
  const ports = (['http', 'grpc'] as const).map((server) => ({
    server,
    address: `${server} ${formatAddress(flags[`gateway.${server}-server.host-port`])}`,
    isEncrypted: flags[`gateway.${server}-server.tls.enabled`],
    asksForCertificate: flags[`gateway.${server}-server.tls.enabled`] && flags[`gateway.${server}-server.tls.client-ca`] !== '',
  }))
  const open = ports.filter(({ asksForCertificate }) => !asksForCertificate).map(({ address }) => address)
  const clear = ports.filter(({ isEncrypted }) => !isEncrypted)
  const hasTokens = flags['auth.tokens-file'] !== ''
  if (!hasTokens && open.length > 0) {
    logger.warn(
      `everybody who reaches ${open.join(' or ')} may write, under the name of any cluster: give --auth.tokens-file, or --gateway.*-server.tls.client-ca`,
    )
  }
  if (hasTokens && clear.length > 0) {
    logger.warn(
      `tokens come in clear on ${clear.map(({ address }) => address).join(' and ')}: give --gateway.*-server.tls.enabled, or have a proxy end TLS`,
    )
  }
}
