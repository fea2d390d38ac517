import { join } from 'node:path'

import { ConfigError } from '@clymene/model'
import { followFile, pemFile, secretFile } from '@clymene/runtime'

import type { ApiAccess } from './api-server.ts'
import { parseKubeconfig } from './kubeconfig.ts'
import { bracketed } from './meta-labels.ts'
import type { ApiSource, Surroundings } from './watches.ts'

/** The three ways to name an API server. */
export const apiSource = {
  direct: (access: ApiAccess, hash: string): ApiSource => ({ key: `${access.url} ${hash}`, access: () => access }),

  /**
   * A kubeconfig, read again when it changes.
   *
   * @throws ConfigError when it cannot be read now or is wrong.
   */
  kubeconfig: (path: string, where: string): ApiSource => {
    const file = followFile(path)
    let seen: Buffer | undefined
    let access: ApiAccess | undefined
    const current = (): ApiAccess => {
      const content = file.read()
      if (access === undefined || content !== seen) access = parseKubeconfig(content.toString('utf8'), path)
      seen = content
      return access
    }
    try {
      current()
    } catch (error) {
      const mistakes = error instanceof ConfigError ? error.mistakes : [error instanceof Error ? error.message : String(error)]
      throw new ConfigError(mistakes.map((mistake) => `${where}: ${mistake}`))
    }
    return { key: `kubeconfig ${path}`, access: current }
  },

  /** The service account of the agent's own pod. */
  inCluster: {
    key: 'in cluster',
    access: inClusterAccess('give kubernetes_sd_configs an api_server or a kubeconfig_file'),
  } satisfies ApiSource,
}

/** @param advice what else could be said where there is no cluster around */
export function inClusterAccess(advice: string): ApiSource['access'] {
  const known = new WeakMap<Surroundings, ApiAccess>()
  return (surroundings) => {
    const access = known.get(surroundings) ?? readInCluster(surroundings, advice)
    known.set(surroundings, access)
    return access
  }
}

/** @see https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/ */
function readInCluster({ env, serviceAccount }: Surroundings, advice: string): ApiAccess {
  const host = env['KUBERNETES_SERVICE_HOST'] ?? ''
  const port = env['KUBERNETES_SERVICE_PORT'] ?? ''
  if (host === '' || port === '') {
    throw new Error(`not inside a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; ${advice}`)
  }
  return {
    url: `https://${bracketed(host)}:${port}`,
    http: {
      // The kubelet replaces the token before it expires.
      authorization: { type: 'Bearer', credentials: secretFile(join(serviceAccount, 'token')) },
      tls: { ca: pemFile(join(serviceAccount, 'ca.crt')) },
    },
  }
}
