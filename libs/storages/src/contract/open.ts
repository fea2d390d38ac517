import type { OpenStorage } from '@clymene/model'
import { createMetrics, parseFlags, silentLogger } from '@clymene/runtime'

import { storages } from '../registry.ts'

/** Opens a storage of the registry as a service does, with these words of its command line. */
export function openByFlags(name: string, argv: readonly string[]): Promise<OpenStorage> {
  const storage = storages.find((one) => one.name === name)
  if (storage === undefined) throw new Error(`no storage is called ${name}`)
  const { values } = parseFlags(storage.flags, argv, {})
  return storage.open({ flags: values, logger: silentLogger, version: '0.0.0-contract', metrics: createMetrics() })
}
