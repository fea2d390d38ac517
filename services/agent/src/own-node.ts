import { hostname } from 'node:os'

import type { DiscoveryContext } from '@clymene/discovery'

import type { LogContext } from './config/log-config.ts'

/** Manifests give the node's name by HOSTNAME; a pod's own name is no node. */
export const ownNode = (env: NodeJS.ProcessEnv): string => env['HOSTNAME'] || hostname()

/** Log jobs look for the pods of the own node, unless they are to look at all. */
export const logContext = (discovery: DiscoveryContext, env: NodeJS.ProcessEnv, allNodes: boolean): LogContext =>
  allNodes ? discovery : { ...discovery, ownNode: ownNode(env), ownNodeHint: 'HOSTNAME names the node, --logs.all-nodes looks at all' }
