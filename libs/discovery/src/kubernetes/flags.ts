import type { FlagSet, FlagValues } from '@clymene/model'
import { flag } from '@clymene/runtime'

import type { WatchesOptions } from './watches.ts'

/** How the Kubernetes API is listed and watched, for all jobs of a process. */
export const kubernetesFlags = {
  'discovery.kubernetes.max-object-bytes': flag.bytes(
    '16MiB',
    'Largest object of the Kubernetes API; a larger one is left out, counted and told once a minute',
    { min: 1024 },
  ),
  'discovery.kubernetes.max-page-bytes': flag.bytes(
    '256MiB',
    'Largest page, of 500 objects, that a server without streaming lists may answer; a larger one is a failure, the targets known stay',
    { min: 1024 },
  ),
  'discovery.kubernetes.max-backoff': flag.duration('30s', 'Longest wait after failures of the Kubernetes API', { minMs: 1000 }),
  'discovery.kubernetes.silence-timeout': flag.duration(
    '3m',
    'How long a watch may say nothing before its connection is taken for dead; servers write about once a minute',
    { minMs: 1000 },
  ),
  'discovery.kubernetes.batch-interval': flag.duration('300ms', 'How often changes of the cluster become changes of targets'),
} satisfies FlagSet

export const watchesOptionsOf = (values: FlagValues<typeof kubernetesFlags>): Pick<WatchesOptions, 'limits' | 'timeouts' | 'batchMs'> => ({
  limits: {
    objectBytes: values['discovery.kubernetes.max-object-bytes'],
    pageBytes: values['discovery.kubernetes.max-page-bytes'],
    backoffMs: [1000, values['discovery.kubernetes.max-backoff']],
  },
  timeouts: { silenceMs: values['discovery.kubernetes.silence-timeout'] },
  batchMs: values['discovery.kubernetes.batch-interval'],
})
