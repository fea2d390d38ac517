import type { FlagSet, FlagValues } from '@clymene/model'
import { flag } from '@clymene/runtime'

export type PodLogsOptions = {
  /** How long the logs of a pod wait for the API server to know it, before they are collected with what their path says. */
  readonly apiWaitMs: number
}

export const POD_LOGS_OPTIONS: PodLogsOptions = { apiWaitMs: 5000 }

/** How pods are found by their logs, for all jobs of a process. */
export const podLogsFlags = {
  'discovery.pod-logs.api-wait': flag.duration(
    '5s',
    'How long the logs of a new pod wait for the Kubernetes API to know it, before they are collected with the labels that their path gives',
  ),
} satisfies FlagSet

export const podLogsOptionsOf = (values: FlagValues<typeof podLogsFlags>): PodLogsOptions => ({
  apiWaitMs: values['discovery.pod-logs.api-wait'],
})
