import type { StorageContext } from '@clymene/model'
import type { Metrics } from '@clymene/runtime'

/** The own metrics that a storage was opened with. */
export const metricsOf = ({ metrics }: Pick<StorageContext, 'metrics'>): Metrics =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- openStorages is the only one that makes a context, and it takes a Metrics
  metrics as Metrics
