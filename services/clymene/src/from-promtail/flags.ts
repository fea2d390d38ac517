import type { FlagSet } from '@clymene/model'
import { flag } from '@clymene/runtime'

/** Only on the command line. */
export const fromPromtailFlags = {
  output: flag.oneOf(
    ['flags', 'environment', 'helm-values'],
    'flags',
    "A command line, variables for an environment file or a manifest, or values of k8s/helm/clymene for Promtail's cluster",
  ),
  cluster: flag.string('', 'With --output=helm-values: name of the cluster; empty is what the jobs or the labels of the client say'),
  'gateway-hosts': flag.list(
    '',
    'With --output=helm-values: nodes or addresses where the gateways of the main cluster are, without ports, as a comma list; empty: lines go to Loki, as the client says',
  ),
  'config.expand-env': flag.bool(false, 'Puts variables into the configuration first, as -config.expand-env of Promtail'),
} satisfies FlagSet
