import { hostname } from 'node:os'

import type { DiscoveryContext } from '@clymene/discovery'
import { ConfigError, type FlagValues } from '@clymene/model'

import type { LogContext } from './config/log-config.ts'
import type { promtailFlags } from './flags.ts'

/** Manifests give the node's name by HOSTNAME; a pod's own name is no node. */
export const ownNode = (env: NodeJS.ProcessEnv): string => env['HOSTNAME'] || hostname()

export type LogContextFlags = FlagValues<Pick<typeof promtailFlags, 'logs.all-nodes' | 'logs.exclude-namespaces'>>

/** Log jobs look for the pods of the own node, unless they are to look at all. @throws ConfigError when a namespace cannot be one */
export function logContext(discovery: DiscoveryContext, env: NodeJS.ProcessEnv, values: LogContextFlags): LogContext {
  const excludedNamespaces = values['logs.exclude-namespaces']
  const wrong = excludedNamespaces.filter((name) => !NAMESPACE.test(name))
  if (wrong.length > 0)
    throw new ConfigError(wrong.map((name) => `--logs.exclude-namespaces: expected names of namespaces, found ${JSON.stringify(name)}`))
  const context = { ...discovery, excludedNamespaces }
  if (values['logs.all-nodes']) return context
  return { ...context, ownNode: ownNode(env), ownNodeHint: 'HOSTNAME names the node, --logs.all-nodes looks at all' }
}

/** RFC 1123 label. */
const NAMESPACE = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/
