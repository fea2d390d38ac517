import { hostname } from 'node:os'
import { join } from 'node:path'

import {
  MIRROR_LIMITS,
  openKubernetesApi,
  ownNamespace,
  watchesOptionsOf,
  type kubernetesFlags,
  type Surroundings,
} from '@clymene/discovery'
import { collectMistakes, ConfigError, sortedLabels, type FlagValues } from '@clymene/model'
import { createEventSource, leaseTimesOf, LOKI_LABEL_LIMITS, type eventFlags, type EventSource } from '@clymene/sources'

import type { AgentSetup } from './assemble.ts'
import { withCluster } from './config/external-labels.ts'
import type { bufferFlags } from './flags.ts'

type EventValues = FlagValues<typeof eventFlags>

export const collectsEvents = (values: Pick<EventValues, 'events.kubernetes' | 'events.terminations'>): boolean =>
  values['events.kubernetes'] || values['events.terminations']

/** Before anything starts. @throws ConfigError with every mistake */
export function checkEvents(values: EventValues, surroundings: Surroundings): void {
  if (!collectsEvents(values)) return
  const mistakes: string[] = []
  collectMistakes(mistakes, () => leaseOf(values, surroundings))
  collectMistakes(mistakes, () => openApi(values, surroundings))
  for (const name of ['events.namespaces', 'events.exclude-namespaces'] as const) {
    for (const namespace of values[name]) {
      if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(namespace))
        mistakes.push(`--${name}: expected names of namespaces, found ${JSON.stringify(namespace)}`)
    }
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes)
}

export type EventCollectionOptions = {
  readonly values: FlagValues<typeof eventFlags & typeof kubernetesFlags & Pick<typeof bufferFlags, 'buffer.dir'>>
  readonly setup: Pick<AgentSetup, 'cluster' | 'logLabels' | 'logBatch' | 'reading' | 'host'>
  readonly surroundings: Surroundings
}

/** What the flags of events ask for, as a source; its refusals stand on /readyz. @throws ConfigError */
export function openEvents({ values, setup, surroundings }: EventCollectionOptions): EventSource {
  const { logger, metrics, readiness } = setup.host
  const source = createEventSource({
    api: openApi(values, surroundings),
    events: values['events.kubernetes'],
    terminations: values['events.terminations'],
    namespaces: [...new Set(values['events.namespaces'])],
    excludeNamespaces: values['events.exclude-namespaces'],
    fieldSelector: values['events.field-selector'],
    maxAgeMs: values['events.max-age'],
    form: values['events.format'],
    lease: leaseOf(values, surroundings),
    positionPath: join(values['buffer.dir'], 'events-position'),
    labels: withCluster(sortedLabels(setup.logLabels), setup.cluster),
    batch: setup.logBatch,
    labelLimits: setup.reading?.labelLimits ?? LOKI_LABEL_LIMITS,
    limits: { ...MIRROR_LIMITS, ...watchesOptionsOf(values).limits },
    metrics,
    logger,
  })
  readiness.watch('events', source.refusal)
  return source
}

const FLAG = '--events.kubeconfig'

const openApi = (values: EventValues, surroundings: Surroundings) =>
  openKubernetesApi({ kubeconfig: values['events.kubeconfig'], flag: FLAG, surroundings })

function leaseOf(values: EventValues, surroundings: Surroundings) {
  const name = values['events.lease-name']
  if (name === '') return undefined
  const namespace = values['events.lease-namespace'] || ownNamespace(surroundings)
  if (namespace === '') {
    throw new ConfigError(
      '--events.lease-namespace: expected a namespace, as there is no own one outside of a cluster; or --events.lease-name= where one agent is all',
    )
  }
  // HOSTNAME is the name of the node in manifests of agents.
  const holder = values['events.lease-identity'] || surroundings.env['POD_NAME'] || hostname()
  return { name, namespace, holder, times: leaseTimesOf(values) }
}
