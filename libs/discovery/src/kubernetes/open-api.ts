import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { API_TIMEOUTS, createApiServer, type ApiServer, type ApiTimeouts } from './api-server.ts'
import { apiSource, inClusterAccess } from './api-source.ts'
import type { Surroundings } from './watches.ts'

export type OpenApiOptions = {
  /** '' is the cluster that the process runs in. */
  readonly kubeconfig: string
  /** The flag that names it, for mistakes. */
  readonly flag: string
  readonly surroundings: Surroundings
  readonly timeouts?: Partial<ApiTimeouts>
}

/** An API server for who asks for more than targets. Connects when it is asked. @throws ConfigError when a kubeconfig cannot be used */
export function openKubernetesApi({ kubeconfig, flag, surroundings, timeouts }: OpenApiOptions): ApiServer {
  const access =
    kubeconfig === '' ? inClusterAccess(`give ${flag}`) : apiSource.kubeconfig(kubeconfig, `${flag}=${JSON.stringify(kubeconfig)}`).access
  return createApiServer(() => access(surroundings), { ...API_TIMEOUTS, ...timeouts })
}

/** Of the pod that the process is; '' outside of one. */
export function ownNamespace({ serviceAccount }: Surroundings): string {
  try {
    return readFileSync(join(serviceAccount, 'namespace'), 'utf8').trim()
  } catch {
    return ''
  }
}
