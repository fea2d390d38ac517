export type MayBeEmpty = {
  /** Uid. */
  readonly board: string
  /** Id. */
  readonly panel: number
  /** Letter; default every query of the panel. */
  readonly query?: string
  /** Why a healthy cluster has nothing to show there. */
  readonly reason: string
}

/** Panels that show more than what is chosen, so that they answer also when a thing of no name is. */
export type MayIgnore = Pick<MayBeEmpty, 'board' | 'reason'> & {
  /** Id of a panel, or name of a mark. */
  readonly of: number | string
  readonly variable: string
}

export const MAY_IGNORE: readonly MayIgnore[] = [
  { board: 'clymene-node', of: 81, variable: 'node', reason: 'compares all nodes of the cluster' },
  { board: 'clymene-pod', of: 61, variable: 'pod', reason: 'compares all pods of the namespace' },
  { board: 'clymene-pod', of: 62, variable: 'pod', reason: 'warns of everything in the namespace' },
  {
    board: 'clymene-pod',
    of: 'Rollouts of the namespace',
    variable: 'pod',
    reason: 'a rollout is of a workload, before its pods are there',
  },
]

/** Panels that show nothing when all is well, or where a pod does without what they show. Everything else has to have an answer. */
export const MAY_BE_EMPTY: readonly MayBeEmpty[] = [
  { board: 'clymene-pod', panel: 4, reason: 'no container of the pod has ended yet' },
  { board: 'clymene-pod', panel: 51, reason: 'no container of the pod has ended yet' },
  { board: 'clymene-pod', panel: 54, reason: 'no container of the pod has ended yet' },
  { board: 'clymene-pod', panel: 24, reason: 'no container waits' },
  { board: 'clymene-pod', panel: 43, reason: 'the pod claims no volume' },
  { board: 'clymene-pod', panel: 13, query: 'A', reason: 'no line of the pod speaks of an error' },
  { board: 'clymene-pipeline', panel: 22, query: 'B', reason: 'no scrape was left out' },
  { board: 'clymene-pipeline', panel: 28, query: 'B', reason: 'no file is behind' },
  { board: 'clymene-pipeline', panel: 26, query: 'B', reason: 'the buffer takes every sample' },
  { board: 'clymene-pipeline', panel: 30, query: 'B', reason: 'no label is beyond a limit' },
  { board: 'clymene-pipeline', panel: 34, query: 'B', reason: 'nothing expired in a buffer' },
  { board: 'clymene-pipeline', panel: 35, reason: 'every delivery of an agent went well' },
  { board: 'clymene-pipeline', panel: 46, reason: 'gateways without TLS have no certificate' },
  { board: 'clymene-pipeline', panel: 47, reason: 'gateways without TLS refuse no connection for it' },
  { board: 'clymene-pipeline', panel: 56, reason: 'every request to Kafka went well' },
  { board: 'clymene-pipeline', panel: 59, reason: 'nothing expired in Kafka before it was read' },
  { board: 'clymene-pipeline', panel: 65, query: 'B', reason: 'no consumer was started again' },
  { board: 'clymene-pipeline', panel: 76, reason: 'nothing came twice' },
]
