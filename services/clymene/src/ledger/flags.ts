import { KINDS, type FlagSet } from '@clymene/model'
import { flag } from '@clymene/runtime'

/** Where the admin ports of agent, gateway, ingester and promtail are on one machine; the all-in-one has the first three. */
export const LOCAL_PORTS = [15691, 15690, 15694, 15698].map((port) => `127.0.0.1:${port}`).join(',')

/** Only on the command line: `KIND` or `URL` as a variable would be somebody else's. */
export const ledgerFlags = {
  url: flag.list(
    LOCAL_PORTS,
    'Admin addresses of agents, gateways and ingesters, host:port or http(s)://host:port (with the path of a proxy before it), as a comma list or given several times; of the default those may be missing that nobody listens on',
  ),
  kind: flag.oneOf(['all', ...KINDS], 'all', 'Kind of what is counted'),
  cluster: flag.string('', 'Only what comes from this cluster'),
  storage: flag.string('', 'Only the books of this storage'),
  output: flag.oneOf(['table', 'json'], 'table', 'For people or for programs'),
  timeout: flag.duration('10s', 'Limit of one answer'),
  'token-file': flag.file('', 'File with a token that is sent as Authorization: Bearer, for admin ports behind a proxy that asks for one'),
} satisfies FlagSet
