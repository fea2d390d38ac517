import { ConfigError, type FlagSet, type FlagValues } from '@clymene/model'
import { flag } from '@clymene/runtime'

/** Kubernetes events and terminations of containers, as log entries. */
export const eventFlags = {
  'events.kubernetes': flag.bool(false, 'Collects the events of the cluster as log entries; of several agents one does, the others wait'),
  'events.terminations': flag.bool(
    false,
    'Collects how containers ended (exit code, reason, termination message) as log entries, in the same way',
  ),
  'events.kubeconfig': flag.file('', 'Kubeconfig of the cluster; empty is the cluster that the agent runs in'),
  'events.namespaces': flag.list('', 'Only events and pods of these namespaces; empty is all of them'),
  'events.exclude-namespaces': flag.list('', 'No events and pods of these namespaces'),
  'events.field-selector': flag.string('', 'Only events that the API server selects by it, as type!=Normal'),
  'events.max-age': flag.duration('1h', 'How old events may be that are there at the very first start; 0s takes only what comes after it'),
  'events.format': flag.oneOf(['text', 'json'], 'text', 'Line of an entry: name=value pairs, or JSON with everything that is known'),
  'events.lease-name': flag.string(
    'clymene-events',
    'Lease by which agents agree on the one that collects; empty is no agreement: then there must be only one',
  ),
  'events.lease-namespace': flag.string('', 'Namespace of the Lease; empty is the own one'),
  'events.lease-identity': flag.string('', 'Name under which this agent holds the Lease; empty is POD_NAME, else the host name'),
  'events.lease-duration': flag.duration('15s', 'How long a Lease that is not renewed is left to its holder', { minMs: 1000 }),
  'events.lease-renew-deadline': flag.duration('10s', 'How long its holder goes on when it cannot renew it', { minMs: 100 }),
  'events.lease-retry-period': flag.duration('2s', 'How often the Lease is looked at and renewed', { minMs: 50 }),
} satisfies FlagSet

export type LeaseTimes = {
  /** How long others leave it alone. */
  readonly durationMs: number
  /** How long the holder goes on without a renewal. */
  readonly renewDeadlineMs: number
  readonly retryMs: number
}

/** @throws ConfigError with every pair that does not fit together */
export function leaseTimesOf(values: FlagValues<typeof eventFlags>): LeaseTimes {
  const times = {
    durationMs: values['events.lease-duration'],
    renewDeadlineMs: values['events.lease-renew-deadline'],
    retryMs: values['events.lease-retry-period'],
  }
  const mistakes: string[] = []
  if (times.renewDeadlineMs >= times.durationMs)
    mistakes.push('--events.lease-renew-deadline: expected less than --events.lease-duration, so that no two agents collect at a time')
  if (times.retryMs * 2 > times.renewDeadlineMs)
    mistakes.push('--events.lease-retry-period: expected at most half of --events.lease-renew-deadline, so that one failure is not the end')
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return times
}
