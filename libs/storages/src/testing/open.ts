import type { FlagSet, FlagValues, OpenStorage, Storage } from '@clymene/model'
import { createMetrics, silentLogger } from '@clymene/runtime'

/** Opens a storage with the defaults of its flags but for these. */
export function openWith<F extends FlagSet>(
  storage: Storage<F>,
  values: Partial<FlagValues<F>>,
  metrics = createMetrics(),
): Promise<OpenStorage> {
  const defaults = Object.fromEntries(Object.entries(storage.flags).map(([name, { default: fallback }]) => [name, fallback as unknown]))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every flag of the set has its value
  const flags = { ...defaults, ...values } as FlagValues<F>
  return storage.open({ flags, logger: silentLogger, version: '9.9', metrics })
}
